import { expect, it } from "vitest";
import { toFleet } from "@/api/pool";
import { byNode, handsWords } from "@/features/workers/words";
import { wireWorker } from "@/test/pool";

const workers = (...changes: Parameters<typeof wireWorker>[0][]) =>
  toFleet({ workers: changes.map(wireWorker), nodes: [] }).workers;

it("lists machines by name, and on each who is there before who is gone", () => {
  const found = byNode(
    workers({ name: "a", node: "z" }, { name: "b", node: "y", status: "offline" }, { name: "c", node: "y" }),
  );
  expect(found.map(([node, there]) => [node, there.map(({ name }) => name)])).toEqual([
    ["y", ["c", "b"]],
    ["z", ["a"]],
  ]);
});

it("says what goes on while they drain", () => {
  expect(handsWords(workers({ in_hand: 0 }))).toBe("Nothing is in hand.");
  expect(handsWords(workers({ in_hand: 2 }, { kind: "realtime", in_hand: 1 }))).toBe(
    "What it has goes on: 2 tasks, 1 session.",
  );
});
