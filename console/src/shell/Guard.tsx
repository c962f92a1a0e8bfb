// A mistake of ours on one page leaves the others usable, and says so.
import { Button } from 'antd';
import { Component, type ReactNode } from 'react';
import { useSay } from '../settings';
import { Glyph } from '../parts/Glyph';

function Broken({ again }: { again(): void }) {
  const say = useSay();
  return (
    <div className="said" role="alert">
      <Glyph name="alert" size={28} />
      <h3>{say('broken')}</h3>
      <p>{say('broken_about')}</p>
      <Button onClick={again}>{say('retry')}</Button>
    </div>
  );
}

export class Guard extends Component<{ children: ReactNode }, { broken: boolean }> {
  state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  render() {
    return this.state.broken ? <Broken again={() => this.setState({ broken: false })} /> : this.props.children;
  }
}
