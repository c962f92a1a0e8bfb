// Style elements made while the page runs carry the nonce of this visit: the components' own code does not give it to all
// of theirs (css variables, scroll locks). What is parsed as HTML gets none, so nothing smuggled in is styled.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

if (nonce) {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const made = create(name, options);
    if (made instanceof HTMLStyleElement) made.nonce = nonce;
    return made;
  }) as typeof document.createElement;
}

export {};
