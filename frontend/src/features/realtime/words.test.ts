import { expect, it } from "vitest";
import type { ModelLoad } from "@/api/poolDomain";
import { roomWords, wantsWords } from "@/features/realtime/words";

const load = (changes: Partial<ModelLoad> = {}): ModelLoad => ({
  model: "en",
  capacity: 4,
  active: 1,
  free: 3,
  fullInMinutes: null,
  wants: 1,
  has: 1,
  ...changes,
});

it.each([
  [{}, null],
  [{ active: 4, free: 0 }, "Full: every place is taken."],
  [{ has: 0, free: 0 }, "No worker takes sessions: all drain, are unhealthy or silent."],
  [{ free: 0 }, "Full: the workers that take sessions have no place left."],
  [{ fullInMinutes: 0.4 }, "Full within a minute at this rate."],
  [{ fullInMinutes: 11.6 }, "Full in about 12 min at this rate."],
])("says how much room there is: %o", (changes, words) => {
  expect(roomWords(load(changes))).toBe(words);
});

it("says nothing of workers to a tenant", () => {
  expect(wantsWords(load({ wants: null, has: null }))).toBe("–");
  expect(wantsWords(load({ wants: 3, has: 2 }))).toBe("wants 3, has 2");
});
