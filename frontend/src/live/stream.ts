/** A list that only grows at its end: read page by page, added to by the socket. Pure. */

/** Pages asked for in one go; the rest follows with the next tick. */
const PAGES_MAX = 40;
const ITEMS_MAX = 50_000;

export interface Stream<T> {
  items: T[];
  /** Cursor of the last item, null before the first. */
  after: string | null;
  /** Oldest items let go of, for the browser's sake. */
  dropped: number;
  /** Asked for after the job had ended: no more will come. */
  final: boolean;
}

export interface Page<T> {
  items: T[];
  after: string | null;
}

export const emptyStream = <T>(): Stream<T> => ({ items: [], after: null, dropped: 0, final: false });

/** The stream with what follows it; the oldest items give way. */
export function extend<T>(stream: Stream<T>, fresh: readonly T[], after: string | null): Stream<T> {
  const items = [...stream.items, ...fresh];
  const excess = Math.max(0, items.length - ITEMS_MAX);
  return {
    ...stream,
    items: excess > 0 ? items.slice(excess) : items,
    after,
    dropped: stream.dropped + excess,
  };
}

/** Reads on from where `stream` ends, page by page until one is empty. */
export async function readOn<T>(
  stream: Stream<T>,
  read: (after: string | null) => Promise<Page<T>>,
  final: boolean,
): Promise<Stream<T>> {
  let after = stream.after;
  const fresh: T[] = [];
  let ended = false;
  for (let page = 0; page < PAGES_MAX && !ended; page++) {
    const { items, after: next } = await read(after);
    ended = items.length === 0 || next === after;
    fresh.push(...items);
    after = next ?? after;
  }
  return { ...extend(stream, fresh, after), final: final && ended };
}

/** What was read, with what the socket has added behind it meanwhile. */
export function withAdded<T>(
  read: Stream<T>,
  held: Stream<T> | undefined,
  numberOf: (item: T) => number,
): Stream<T> {
  const last = Number(read.after ?? 0);
  if (!held || Number(held.after ?? 0) <= last) return read;
  return extend(read, held.items.filter((item) => numberOf(item) > last), held.after);
}
