import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { backoffMs } from "@/live/backoff";
import type { Frame } from "@/live/frames";
import { FORBIDDEN, LiveSocket } from "@/live/socket";
import { FakeSocket, lastSocket } from "@/test/socket";

const ears = { onFrame: vi.fn<(frame: Frame) => void>(), onClosed: vi.fn<(code: number) => void>() };
let socket: LiveSocket;

beforeEach(() => {
  vi.clearAllMocks();
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  socket = new LiveSocket(ears);
  socket.start();
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

const tries = () => FakeSocket.all.length;

it("doubles its waits from 0.5 s to 15 s, jittered down to none", () => {
  expect([0, 1, 4, 5, 9].map((failures) => backoffMs(failures, 1))).toEqual([500, 1000, 8000, 15_000, 15_000]);
  expect(backoffMs(3, 0)).toBe(0);
});

it("waits longer after each try that fails", () => {
  for (const wait of [500, 1000, 2000]) {
    const before = tries();
    lastSocket()?.cut();
    vi.advanceTimersByTime(wait - 1);
    expect(tries()).toBe(before);
    vi.advanceTimersByTime(1);
    expect(tries()).toBe(before + 1);
  }
});

it("begins anew with short waits after a connection that lasted", () => {
  lastSocket()?.cut();
  vi.advanceTimersByTime(500);
  lastSocket()?.greet();
  vi.advanceTimersByTime(3000);
  lastSocket()?.cut();
  vi.advanceTimersByTime(500);
  expect(tries()).toBe(3);
});

it("takes 25 s of silence for a connection that is gone", () => {
  lastSocket()?.greet();
  vi.advanceTimersByTime(24_000);
  lastSocket()?.tell({ type: "beat", beat: 1, heads: {} });
  vi.advanceTimersByTime(24_000);
  expect(ears.onClosed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(ears.onClosed).toHaveBeenCalledOnce();
});

it.each(["online", "visibilitychange"])("tries at once on %s", (name) => {
  lastSocket()?.cut();
  const before = tries();
  (name === "online" ? window : document).dispatchEvent(new Event(name));
  expect(tries()).toBe(before + 1);
});

it("leaves a good connection alone on waking up, and drops one that was silent in its sleep", () => {
  lastSocket()?.greet();
  document.dispatchEvent(new Event("visibilitychange"));
  expect(ears.onClosed).not.toHaveBeenCalled();
  vi.setSystemTime(Date.now() + 60_000);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(ears.onClosed).toHaveBeenCalledOnce();
});

it("hears nothing from a socket it has let go", () => {
  const old = lastSocket();
  old?.greet();
  socket.restart();
  ears.onFrame.mockClear();
  old?.tell({ type: "beat", beat: 1, heads: {} });
  expect(ears.onFrame).not.toHaveBeenCalled();
});

it("does not come back soon where it is not wanted", () => {
  lastSocket()?.cut(FORBIDDEN);
  vi.advanceTimersByTime(59_000);
  expect(tries()).toBe(1);
});

it("does not come back once it is stopped", () => {
  lastSocket()?.cut();
  socket.stop();
  vi.advanceTimersByTime(60_000);
  expect(tries()).toBe(1);
});
