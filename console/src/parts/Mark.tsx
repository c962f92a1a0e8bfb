// 金吾: a shield with an arrow that stands guard.
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M16 2 4 6.500v8.600C4 22.300 9 27.600 16 30c7-2.400 12-7.700 12-14.900V6.500z" fill="var(--main)" />
      <path d="M16 7.500 9 18h5v6h4v-6h5z" fill="#f2c46b" />
    </svg>
  );
}
