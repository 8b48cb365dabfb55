/** What cards and those who hold their memory are called. */
import type { Card, CardHistory, CardNode, Holder } from "@/api/poolDomain";
import { formatMemory } from "@/lib/format";

export const HOUR_MS = 3_600_000;
const GAP = 4;

/** Never 0 for what is not known. */
export function memoryWords({ status, usedMb, totalMb }: Card): string {
  if (usedMb === null) return status === "ok" ? "Memory is not known" : `Memory is not known: ${status}`;
  return totalMb === null ? `${usedMb} MiB` : `${formatMemory(usedMb)} of ${formatMemory(totalMb)}`;
}

export const figure = (value: number | null, unit: string): string =>
  value === null ? "–" : `${Math.round(value)} ${unit}`;

const KINDS: Record<NonNullable<Holder["kind"]>, string> = {
  attempt: "task",
  engine: "kept warm for",
  worker: "realtime worker",
  foreign: "a foreign process",
  hidden: "a process that this machine does not show",
};

export function holderWords({ kind, name, pid }: Holder): string {
  if (kind === null) return `pid ${pid}`;
  return name === null ? `${KINDS[kind]}, pid ${pid}` : `${KINDS[kind]} ${name}`;
}

export function nodeWords({ status, reason, cards }: CardNode): string {
  if (status === "none") return "No card reported.";
  const known = cards.length === 1 ? "1 card" : `${cards.length} cards`;
  return reason ? `${known}: ${reason}` : known;
}

/** Share of the memory in use per slice of the last hour, oldest first; null where nothing was read. */
export function strip({ totalMb, samples }: CardHistory, now: number, slices = 60): (number | null)[] {
  const span = HOUR_MS / slices;
  const sums = Array.from({ length: slices }, () => ({ sum: 0, number: 0 }));
  for (const { at, usedMb } of samples) {
    const cell = sums[slices - 1 - Math.floor((now - at) / span)];
    if (cell && usedMb !== null) {
      cell.sum += usedMb;
      cell.number += 1;
    }
  }
  return sums.map(({ sum, number }) => (number === 0 || !totalMb ? null : sum / number / totalMb));
}

/**
 * The line of the memory over `spanMs` up to `now`, in a field of width and height 100; it breaks where nothing was
 * read, or where readings are `GAP` times as far apart as they usually are.
 */
export function line({ totalMb, samples }: CardHistory, now: number, spanMs: number): string {
  if (!totalMb) return "";
  const usual = (samples.at(-1)?.at ?? 0) - (samples.at(-2)?.at ?? 0);
  let last: number | null = null;
  let path = "";
  for (const { at, usedMb } of samples) {
    if (usedMb === null) {
      last = null;
      continue;
    }
    const x = Math.max(0, 100 - ((now - at) / spanMs) * 100);
    const y = 100 - Math.min(1, usedMb / totalMb) * 100;
    const goesOn = last !== null && at - last < GAP * usual;
    path += `${goesOn ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`;
    last = at;
  }
  return path;
}
