import { describe, expect, it } from "vitest";
import { formatAge, formatClockMs, formatDuration, runningMs } from "@/lib/time";

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [340, "340 ms"],
    [999.6, "999 ms"],
    [1000, "1.0 s"],
    [4290, "4.2 s"],
    [41_900, "41 s"],
    [59_999, "59 s"],
    [60_000, "1 m"],
    [252_000, "4 m 12 s"],
    [7_500_000, "2 h 5 m"],
    [86_400_000, "1 d"],
    [273_600_000, "3 d 4 h"],
    [-5, "0 ms"],
  ])("says %i ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("formatAge", () => {
  const now = 1_000_000_000;
  it.each([
    [0, "now"],
    [1999, "now"],
    [12_000, "12 s ago"],
    [59_999, "59 s ago"],
    [180_000, "3 m ago"],
    [7_200_000, "2 h ago"],
    [172_800_000, "2 d ago"],
    [-777_600_000, "in 9 d"],
  ])("says %i ms back as %s", (back, text) => {
    expect(formatAge(now - back, now)).toBe(text);
  });
});

describe("runningMs", () => {
  it("grows while there is no end, whatever the server counted so far", () => {
    expect(runningMs({ startedAt: 1000, completedAt: null, durationMs: 500 }, 4000)).toBe(3000);
  });

  it("is the server's figure once there is an end", () => {
    expect(runningMs({ startedAt: 1000, completedAt: 2000, durationMs: 990 }, 9000)).toBe(990);
  });

  it("is nothing before the start", () => {
    expect(runningMs({ startedAt: null, completedAt: null, durationMs: null }, 9000)).toBeNull();
  });

  it("does not go below zero when the server's clock is ahead", () => {
    expect(runningMs({ startedAt: 5000, completedAt: null, durationMs: null }, 4000)).toBe(0);
  });
});

it("keeps the milliseconds of a log line", () => {
  expect(formatClockMs(Date.parse("2026-11-22T12:00:01.042Z"))).toMatch(/:01\.042$/);
});
