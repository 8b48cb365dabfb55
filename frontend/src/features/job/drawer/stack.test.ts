import { expect, it } from "vitest";
import { partsOf, totalsOf } from "@/features/job/drawer/stack";

const HISTORY = [
  { reason: "in_line", from: 0, to: 100 },
  { reason: "running", from: 100, to: 400 },
  { reason: "in_line", from: 400, to: null },
];

it("lets what lasts grow until now", () => {
  const parts = partsOf(HISTORY, 1000);
  expect(parts.map(({ ms }) => ms)).toEqual([100, 300, 600]);
  expect(parts.map(({ open }) => open)).toEqual([false, false, true]);
});

it("counts nothing below zero when the clock of the page is behind", () => {
  expect(partsOf(HISTORY, 300).at(-1)?.ms).toBe(0);
});

it("adds up each reason, in the order in which they came", () => {
  expect(totalsOf(partsOf(HISTORY, 1000))).toEqual([
    { reason: "in_line", ms: 700 },
    { reason: "running", ms: 300 },
  ]);
});
