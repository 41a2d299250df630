/** The HTTP API as the page uses it. Paths are relative, so the page also works behind a path prefix. */

export type Proof = 'tag' | 'crc' | 'plain' | 'published' | 'imported' | 'measured';

export interface Session { readonly needs_login: boolean; readonly logged_in: boolean }

export interface QuantityInfo {
  readonly name: string;
  readonly obis: string | null;
  readonly unit: string;
  readonly kind: 'register' | 'instant' | 'counter' | 'state';
}

export interface Meter {
  readonly name: string;
  readonly title: string;
  /** There is a contract: its costs are known. */
  readonly tariff: boolean;
  readonly role?: string;
  /** Of `production`: the register that counts what is made. */
  readonly counts?: 'import' | 'export';
  /** Of groups: what they sum. */
  readonly members?: { readonly add: readonly string[]; readonly subtract: readonly string[] };
  readonly zone: string;
  readonly first_time?: number | null;
  readonly last_time?: number | null;
  readonly proof: Proof | null;
  readonly quantities: readonly QuantityInfo[];
}

export interface Quarter {
  readonly start: number;
  readonly end: number;
  readonly energy_import_wh?: number | null;
  readonly energy_export_wh?: number | null;
  readonly complete: boolean;
  /** Mean demand at its end if the last minutes go on. */
  readonly demand_import_projected_w?: number | null;
  /** By the contract; null without one. */
  readonly reference_power_w?: number | null;
  /** Import from now to its end that just keeps the reference; 0 where it is exceeded. */
  readonly power_allowed_w?: number | null;
  readonly exceedance_wh?: number | null;
}

/** A meter behind the meter: its register, today and this month stand under names that `quantity` leads to. */
export interface Device {
  readonly id: string;
  readonly title: string;
  readonly medium: string;
  /** `volume_dm3`, `energy_mj` or `energy_wh`. */
  readonly quantity: string;
  readonly first_time?: number | null;
  /** When it was read, by its own clock. */
  readonly time: number;
  /** 0 closed, 1 open, 2 ready to be opened; null: none. */
  readonly valve: number | null;
  readonly [amount: string]: unknown;
}

/** A day, a month or a year of a device; its amount stands under its quantity. */
export interface DeviceSpan {
  readonly start: number;
  readonly end: number;
  readonly complete: boolean;
  readonly running?: boolean;
  readonly [amount: string]: unknown;
}

export interface Reading {
  readonly meter: string;
  readonly time: number;
  readonly age_s: number;
  readonly proof: Proof;
  readonly equipment?: string | null;
  readonly frame_counter?: number | null;
  readonly values: Readonly<Record<string, number | null | undefined>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly quarter?: Quarter | null;
  readonly devices?: readonly Device[];
}

export type Column = readonly (number | null)[];

export interface Series {
  readonly from: number;
  readonly to: number;
  readonly resolution_s: number;
  readonly time: readonly number[];
  readonly series: Readonly<Record<string, { readonly mean: Column; readonly min?: Column; readonly max?: Column }>>;
}

export interface Entry {
  readonly start: number;
  readonly end: number;
  readonly energy_import_wh?: number | null;
  readonly energy_export_wh?: number | null;
  /** Quarter-hours only. */
  readonly demand_import_w?: number | null;
  readonly peak_import_w?: number | null;
  readonly peak_time?: number | null;
  readonly voltage_min_mv?: number | null;
  readonly voltage_max_mv?: number | null;
  readonly telegrams?: number | null;
  readonly complete: boolean;
  readonly running?: boolean;
}

export interface Gap {
  readonly start: number;
  readonly end: number;
  readonly energy_import_wh?: number | null;
  readonly energy_export_wh?: number | null;
  readonly reason: string;
}

export interface Account { readonly entries: readonly Entry[]; readonly gaps?: readonly Gap[] }

/** What was made behind a meter at the grid and used there; null where it is not known of every one of these meters. */
export interface Share {
  readonly start: number;
  readonly energy_produced_wh: number | null;
  readonly energy_used_wh: number | null;
  /** Hundredths of a percent; null where nothing was made, or used. */
  readonly self_consumption_bp: number | null;
  readonly autarky_bp: number | null;
  readonly complete: boolean;
  readonly running?: boolean;
}

/** How well a day was measured; days before the first telegram have none. */
export interface Quality {
  readonly start: number;
  readonly end: number;
  readonly running: boolean;
  readonly quarter_hours: number;
  readonly quarter_hours_measured: number;
  readonly gaps: number;
  readonly complete: boolean;
  readonly sentences: readonly string[];
}

export interface CheckedRegister {
  readonly name: string;
  readonly obis: string;
  readonly value_wh: number;
  readonly tariffs: readonly { readonly name: string; readonly obis: string; readonly value_wh: number }[];
  readonly first_time: number;
  /** What it rose since then; the days' sum, what lies in gaps across midnights, and what is left of the three: 0. */
  readonly difference_wh: number;
  readonly days_wh: number;
  readonly gaps_wh: number;
  readonly off_wh: number;
}

export interface Check {
  readonly time: number;
  readonly registers: readonly CheckedRegister[];
  readonly segments: readonly { readonly equipment: string; readonly first_time: number }[];
  readonly sentence: string;
}

export interface Alert {
  readonly meter: string;
  readonly code: string;
  readonly phase: number | null;
  readonly state: 'begin' | 'still' | 'over';
  readonly time: number;
  readonly since: number;
  readonly sentence: string;
}

export interface Alerts { readonly open: readonly Alert[]; readonly recent: readonly Alert[] }

export interface Problem {
  readonly code: string;
  readonly severity: 'failing' | 'attention';
  readonly subject: string;
  readonly since: number;
  readonly count: number;
  readonly sentence: string;
  readonly advice: string;
}

export type Counters = Readonly<Record<string, number>>;

export interface Source {
  readonly name: string;
  readonly kind: string;
  readonly target: string;
  readonly state: string;
  readonly last_byte?: number | null;
  readonly last_telegram?: number | null;
  readonly meters: readonly string[];
  readonly counters: Counters;
}

/** Where readings go besides the store: a broker, a server for other programs, a folder of files. */
export interface Sink {
  readonly name: string;
  readonly kind: string;
  readonly target: string;
  readonly state: string;
  readonly since: number;
  readonly queued: number;
  readonly counters: Counters;
}

export interface MeterHealth {
  readonly name: string;
  readonly last_time?: number | null;
  readonly age_s?: number | null;
  readonly proof: Proof | null;
  readonly telegrams: number;
  readonly clock_drift_s?: number | null;
  readonly counters: Counters;
}

export interface Health {
  readonly status: 'ok' | 'attention' | 'failing';
  readonly sentence: string;
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly problems: readonly Problem[];
  readonly sources: readonly Source[];
  readonly meters: readonly MeterHealth[];
  readonly sinks: readonly Sink[];
  readonly store: {
    readonly path: string;
    readonly bytes: number;
    readonly readings: number;
    readonly pending: number;
    readonly dropped?: number;
    readonly state: string;
  };
}

export interface Quarantined {
  readonly id: number;
  readonly quantity: string;
  readonly time: number;
  readonly value: number;
  readonly previous?: number | null;
  readonly reason: string;
}

export interface BillLine {
  readonly component: string;
  readonly name: string | null;
  readonly window: string | null;
  readonly from: string;
  readonly to: string;
  readonly quantity_milli: number;
  readonly unit: 'kWh' | 'month' | 'year';
  readonly price_nano_eur: number | null;
  readonly mean_price: boolean;
  readonly price_includes_vat: boolean;
  readonly reference_power_w: number | null;
  readonly net_micro_eur: number;
  readonly vat_basis_points: number;
  readonly vat_micro_eur: number;
  readonly gap_wh: number;
  readonly lower_bound: boolean;
  readonly source: string;
  readonly certain: boolean;
  readonly reason: string | null;
}

export interface Bill {
  readonly from: number;
  readonly to: number;
  readonly running: boolean;
  readonly tariffs: readonly string[];
  readonly reference_power_w: number | null;
  readonly energy_import_wh: number | null;
  readonly energy_export_wh: number | null;
  readonly net_micro_eur: number;
  readonly vat_micro_eur: number;
  readonly total_micro_eur: number;
  readonly certain: boolean;
  readonly lower_bound: boolean;
  readonly lines: readonly BillLine[];
  readonly vat: readonly { readonly basis_points: number; readonly vat_micro_eur: number; readonly source: string }[];
  readonly notes: readonly { readonly code: string; readonly sentence: string }[];
}

export interface Cost {
  readonly start: number;
  readonly end: number;
  readonly running: boolean;
  readonly energy_import_wh: number | null;
  readonly exceedance_wh: number | null;
  readonly total_micro_eur: number;
  readonly components: Readonly<Record<string, number>>;
  readonly certain: boolean;
  readonly lower_bound: boolean;
}

export interface PowerClass {
  readonly reference_power_w: number;
  readonly fixed_micro_eur: number;
  readonly exceedance_wh: number;
  readonly exceedance_micro_eur: number;
  readonly total_micro_eur: number;
  /** The next higher class pays where it saves more than this a month; null for the highest. */
  readonly break_even_month_wh: number | null;
}

export interface Advice {
  readonly prices_of: string;
  readonly quarter_hours_of_a_year: number;
  readonly quarter_hours_known: number;
  readonly scaled: boolean;
  readonly peak_import_w: number | null;
  readonly reference_power_w: number | null;
  readonly cheapest_reference_power_w: number | null;
  readonly saving_micro_eur: number | null;
  readonly certain: boolean;
  readonly classes: readonly PowerClass[];
  readonly notes: readonly string[];
}

/** An answer that is not a success; `status` 0 means that nobody answered. */
export class ApiError extends Error {
  constructor(readonly status: number, sentence: string) {
    super(sentence);
  }
}

const BASE = 'api/v1/';

export const apiUrl = (path: string): string => new URL(BASE + path, document.baseURI).href;

async function call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = { method, credentials: 'same-origin', ...(signal ? { signal } : {}) };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(apiUrl(path), init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, 'no answer');
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => null) as { error?: string } | null;
  // A gateway in front that cannot reach the daemon is the same to the user as no answer at all.
  const status = response.status === 502 || response.status === 504 ? 0 : response.status;
  throw new ApiError(status, answer?.error ?? `${response.status} ${response.statusText}`);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await (await call('GET', path, undefined, signal)).json() as T;
}

const ofMeter = (meter: string, rest: string): string => `meters/${encodeURIComponent(meter)}/${rest}`;
const query = (values: Record<string, string | number>): string =>
  Object.entries(values).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
/** The API takes RFC 3339; seconds are exact and need no zone. */
const instant = (unix: number): string => `${new Date(unix * 1000).toISOString().slice(0, 19)}Z`;

const span = (from: number, to: number): string => query({ from: instant(from), to: instant(to) });

export type AccountKind = 'quarter-hours' | 'hours' | 'days' | 'months' | 'years';

export const api = {
  session: () => get<Session>('session'),
  login: (password: string) => call('POST', 'session', { password }),
  logout: () => call('DELETE', 'session'),
  meters: () => get<{ now: number; reports?: boolean; meters: Meter[] }>('meters'),
  health: () => get<Health>('health'),
  telegramUrl: (meter: string) => apiUrl(ofMeter(meter, 'telegram')),
  liveUrl: (meter: string | undefined) => apiUrl(meter ? `live?${query({ meter })}` : 'live'),

  /** The last reading, or null while there is none. */
  async last(meter: string, signal?: AbortSignal): Promise<Reading | null> {
    try {
      return await get<Reading>(ofMeter(meter, 'last'), signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },

  series: (meter: string, quantities: readonly string[], from: number, to: number, signal?: AbortSignal) =>
    get<Series>(ofMeter(meter, `series?${query({
      quantity: quantities.join(','), from: instant(from), to: instant(to),
    })}`), signal),

  account: (meter: string, kind: AccountKind, from: number, to: number, signal?: AbortSignal) =>
    get<Account>(ofMeter(meter, `${kind}?${span(from, to)}`), signal),

  shares: async (meter: string, kind: AccountKind, from: number, to: number, signal?: AbortSignal) =>
    (await get<{ entries: Share[] }>(ofMeter(meter, `self-consumption/${kind}?${span(from, to)}`), signal)).entries,
  quality: async (meter: string, from: number, to: number, signal?: AbortSignal) =>
    (await get<{ entries: Quality[] }>(ofMeter(meter, `quality?${span(from, to)}`), signal)).entries,
  devices: async (meter: string, signal?: AbortSignal) => (await get<{ devices: Device[] }>(ofMeter(meter, 'devices'), signal)).devices,
  deviceSpans: async (meter: string, device: string, kind: 'days' | 'months' | 'years', from: number, to: number, signal?: AbortSignal) =>
    (await get<{ entries: DeviceSpan[] }>(ofMeter(meter, `devices/${encodeURIComponent(device)}/${kind}?${span(from, to)}`), signal)).entries,
  check: (meter: string, signal?: AbortSignal) => get<Check>(ofMeter(meter, 'check'), signal),
  alerts: (meter: string | undefined, signal?: AbortSignal) => get<Alerts>(meter ? `alerts?${query({ meter })}` : 'alerts', signal),

  bill: (meter: string, from: number, to: number, signal?: AbortSignal) => get<Bill>(ofMeter(meter, `costs?${span(from, to)}`), signal),
  costs: async (meter: string, kind: 'days' | 'months', from: number, to: number, signal?: AbortSignal) =>
    (await get<{ entries: Cost[] }>(ofMeter(meter, `costs/${kind}?${span(from, to)}`), signal)).entries,
  advice: (meter: string, signal?: AbortSignal) => get<Advice>(ofMeter(meter, 'advisor'), signal),

  quarantine: (meter: string) => get<{ entries: Quarantined[] }>(ofMeter(meter, 'quarantine')),
  judge: (meter: string, id: number, verdict: 'accept' | 'dismiss') =>
    call('POST', ofMeter(meter, `quarantine/${id}/${verdict}`)),
};
