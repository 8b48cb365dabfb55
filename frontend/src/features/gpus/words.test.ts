import { expect, it } from "vitest";
import { toCardNode } from "@/api/pool";
import type { Card } from "@/api/poolDomain";
import { HOUR_MS, holderWords, line, memoryWords, nodeWords, strip } from "@/features/gpus/words";
import { wireCard, wireCardNode } from "@/test/pool";

const card = (changes: Parameters<typeof wireCard>[0] = {}): Card => {
  const [only] = toCardNode(wireCardNode({ cards: [wireCard(changes)] })).cards;
  if (!only) throw new Error("no card");
  return only;
};

it("tells 0 MiB, an unknown figure and a lost card apart", () => {
  expect(memoryWords(card({ used_mb: 0, total_mb: 512 }))).toBe("0 MiB of 512 MiB");
  expect(memoryWords(card({ used_mb: null }))).toBe("Memory is not known");
  expect(memoryWords(card({ used_mb: null, status: "lost" }))).toBe("Memory is not known: lost");
});

it("says that a machine has no card", () => {
  expect(nodeWords(toCardNode(wireCardNode({ status: "none", cards: [] })))).toBe("No card reported.");
});

it("says of a machine that is degraded why", () => {
  const node = toCardNode(wireCardNode({ status: "degraded", reason: "card_lost", cards: [wireCard()] }));
  expect(nodeWords(node)).toBe("1 card: card_lost");
});

it.each([
  [{ kind: "attempt", key: "align" }, "task align"],
  [{ kind: "engine", engine_id: "asr" }, "kept warm for asr"],
  [{ kind: "foreign" }, "a foreign process, pid 7"],
  [{ kind: "hidden" }, "a process that this machine does not show, pid 7"],
] as const)("names who holds memory: %o", (holder, words) => {
  const nobody = { pid: 7, used_mb: 1, tenant: null, job_id: null, task_id: null, key: null, attempt: null };
  const [only] = card({ holders: [{ ...nobody, engine_id: null, worker_id: null, worker: null, ...holder }] }).holders;
  expect(only && holderWords(only)).toBe(words);
});

it("averages a minute, and leaves one without a reading empty", () => {
  const now = 10 * 3_600_000;
  const samples = [
    { at: now - 30_000, usedMb: 100, utilization: null },
    { at: now - 20_000, usedMb: 300, utilization: null },
    { at: now - 90_000, usedMb: null, utilization: null },
    { at: now - 4_000_000, usedMb: 400, utilization: null },
  ];
  expect(strip({ totalMb: 400, samples }, now).slice(-2)).toEqual([null, 0.5]);
});

const reading = (at: number, usedMb: number | null) => ({ at, usedMb, utilization: null });

it("draws memory over time, and breaks where nothing was read", () => {
  const now = 10 * HOUR_MS;
  const at = (share: number) => now - (1 - share) * HOUR_MS;
  const samples = [reading(at(0), 0), reading(at(0.01), 100), reading(at(0.02), null), reading(at(0.03), 200)];
  expect(line({ totalMb: 200, samples }, now, HOUR_MS)).toBe("M0.00 100.00L1.00 50.00M3.00 0.00");
});

it("does not join what lies far apart", () => {
  const now = 10 * HOUR_MS;
  const times = [0, 0.5, 0.51, 0.52].map((share) => now - (1 - share) * HOUR_MS);
  const samples = times.map((time) => reading(time, 200));
  expect(line({ totalMb: 200, samples }, now, HOUR_MS)).toBe("M0.00 0.00M50.00 0.00L51.00 0.00L52.00 0.00");
});

it("draws nothing for a card whose size is not known", () => {
  expect(line({ totalMb: null, samples: [reading(0, 1)] }, 1, HOUR_MS)).toBe("");
});
