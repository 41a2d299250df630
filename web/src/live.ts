/** Live readings by server-sent events, with its own reconnecting: the browser's gives up after any answer but 200. */
import { api, type Alert, type Health, type Reading } from './api';

export type LiveState = 'connecting' | 'live' | 'lost';

export interface LiveHandlers {
  reading(reading: Reading): void;
  health(health: Health): void;
  alert(alert: Alert): void;
  state(state: LiveState): void;
}

export interface Live { close(): void }

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
/** A connection that died without a word (a laptop that slept) is opened anew after this silence. */
const SILENCE_MS = 45_000;

export function openLive(meter: string | undefined, handlers: LiveHandlers): Live {
  let source: EventSource | undefined;
  let wait = FIRST_WAIT_MS;
  let retry = 0;
  let watchdog = 0;
  let closed = false;

  const rest = () => {
    window.clearTimeout(retry);
    window.clearTimeout(watchdog);
    source?.close();
    source = undefined;
  };

  const alive = () => {
    wait = FIRST_WAIT_MS;
    handlers.state('live');
    window.clearTimeout(watchdog);
    watchdog = window.setTimeout(connect, SILENCE_MS);
  };

  const lost = () => {
    if (closed) return;
    rest();
    handlers.state('lost');
    retry = window.setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };

  function hear<T>(event: string, handle: (body: T) => void): void {
    source?.addEventListener(event, (message) => {
      alive();
      handle(JSON.parse((message as MessageEvent<string>).data) as T);
    });
  }

  function connect(): void {
    rest();
    if (closed) return;
    source = new EventSource(api.liveUrl(meter));
    source.addEventListener('open', alive);
    source.addEventListener('error', lost);
    hear<Reading>('reading', handlers.reading);
    hear<Health>('health', handlers.health);
    hear<Alert>('alert', handlers.alert);
    watchdog = window.setTimeout(connect, SILENCE_MS);
  }

  const onVisible = () => {
    if (!document.hidden && !source) connect();
  };
  document.addEventListener('visibilitychange', onVisible);
  handlers.state('connecting');
  connect();
  return {
    close() {
      closed = true;
      document.removeEventListener('visibilitychange', onVisible);
      rest();
    },
  };
}
