// Every key the console listens to.
import { useSay } from '../settings';
import type { Word } from '../lang/words';
import type { Place } from './Shell';

const onAlerts: [string, Word][] = [['j', 'key_next'], ['k', 'key_previous'], ['Enter', 'key_open'], ['e', 'key_events'], ['/', 'key_filter']];

export function Keys({ places }: { places: Place[] }) {
  const say = useSay();
  return (
    <div className="keys">
      <h4>{say('everywhere')}</h4>
      <dl>
        <dt><kbd>⌘</kbd><kbd>K</kbd></dt><dd>{say('key_find')}</dd>
        <dt><kbd>?</kbd></dt><dd>{say('keys')}</dd>
        {places.map((place) => [
          <dt key={`${place.path} key`}><kbd>g</kbd><kbd>{place.key}</kbd></dt>,
          <dd key={place.path}>{say(place.word)}</dd>,
        ])}
      </dl>
      <h4>{say('alerts')}</h4>
      <dl>
        {onAlerts.map(([key, word]) => [<dt key={`${key} key`}><kbd>{key}</kbd></dt>, <dd key={key}>{say(word)}</dd>])}
      </dl>
    </div>
  );
}
