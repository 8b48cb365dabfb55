/** Numbers and sizes as words. */

const number = new Intl.NumberFormat("en");

export const formatNumber = (value: number): string => number.format(value);

export const formatCount = (value: number, one: string, many = `${one}s`): string =>
  `${formatNumber(value)} ${value === 1 ? one : many}`;

/** MiB as the Meter shows them: `61.0 GiB`, below one GiB `512 MiB`. */
export const formatMemory = (mb: number): string =>
  mb < 1024 ? `${Math.round(mb)} MiB` : `${(mb / 1024).toFixed(1)} GiB`;

const UNITS = ["kB", "MB", "GB", "TB"];

/** Seconds on a card; two cards for a second are two. */
export const formatGpuTime = (seconds: number): string => `${seconds.toFixed(1)} GPU-s`;

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit] ?? "B"}`;
}

/** The start of a UUIDv7 is its time and the same for all of an hour: its end tells ids apart. */
export const shortId = (id: string): string => id.slice(-8);
