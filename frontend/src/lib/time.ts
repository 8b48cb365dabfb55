/** Times and durations as words. Everything takes epoch milliseconds. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const absolute = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export const formatAbsolute = (at: number): string => absolute.format(at);

export const formatClock = (at: number): string => clock.format(at);

/** The clock with milliseconds, for log lines. */
export const formatClockMs = (at: number): string =>
  `${clock.format(at)}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;

const two = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

/** `340 ms`, `4.2 s`, `41 s`, `4 m 12 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < SECOND) return `${Math.floor(value)} ms`;
  if (value < 10 * SECOND) return `${(Math.floor(value / 100) / 10).toFixed(1)} s`;
  if (value < MINUTE) return `${Math.floor(value / SECOND)} s`;
  if (value < HOUR) {
    return two(Math.floor(value / MINUTE), "m", Math.floor((value % MINUTE) / SECOND), "s");
  }
  if (value < DAY) return two(Math.floor(value / HOUR), "h", Math.floor((value % HOUR) / MINUTE), "m");
  return two(Math.floor(value / DAY), "d", Math.floor((value % DAY) / HOUR), "h");
}

/** One unit only, so that a column of ages stays calm: `12 s ago`, `3 m ago`, `in 9 d`. */
export function formatAge(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 2 * SECOND) return "now";
  const text =
    distance < MINUTE
      ? `${Math.floor(distance / SECOND)} s`
      : distance < HOUR
        ? `${Math.floor(distance / MINUTE)} m`
        : distance < DAY
          ? `${Math.floor(distance / HOUR)} h`
          : `${Math.floor(distance / DAY)} d`;
  return at <= now ? `${text} ago` : `in ${text}`;
}

/** What a duration is now: settled once there is an end, growing until then, null before a start. */
export function runningMs(
  span: { startedAt: number | null; durationMs: number | null; completedAt: number | null },
  now: number,
): number | null {
  if (span.durationMs !== null && span.completedAt !== null) return span.durationMs;
  if (span.startedAt === null) return null;
  return Math.max(0, (span.completedAt ?? now) - span.startedAt);
}
