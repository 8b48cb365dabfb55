/** How long to wait before the next try: 0.5 s doubled per failure, at most 15 s, fully jittered. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** `random` is from 0 to 1. */
export const backoffMs = (failures: number, random: number): number =>
  Math.min(FIRST_MS * 2 ** failures, LONGEST_MS) * random;
