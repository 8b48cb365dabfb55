import { describe, expect, it } from "vitest";
import type { components } from "@/api/schema";
import { cardLook, engineLook, sessionLook, workerLook, type Look } from "@/ui/poolStatus";

type Wire = components["schemas"];

/** All that the server may send, which the compiler holds to be complete; and what the page adds. */
const WORKER: Record<Wire["WorkerStatus"] | "lost", true> = {
  ready: true, busy: true, draining: true, unhealthy: true, offline: true, lost: true,
};
const SESSION: Record<Wire["SessionStatus"], true> = {
  offered: true, active: true, ended: true, expired: true, lost: true,
};
const CARD: Record<Wire["CardStatusEnum"] | Wire["GpuNodeStatusEnum"], true> = {
  ok: true, lost: true, unreadable: true, stale: true, none: true, degraded: true,
};
const ENGINE = { available: true, ready: true, draining: true, paused: true, unavailable: true };

const KINDS: [string, (status: string) => Look, string[]][] = [
  ["worker", workerLook, Object.keys(WORKER)],
  ["session", sessionLook, Object.keys(SESSION)],
  ["card", cardLook, Object.keys(CARD)],
  ["engine", engineLook, Object.keys(ENGINE)],
];

describe.each(KINDS)("the looks of a %s", (_, look, statuses) => {
  it("are its own for each status", () => {
    const unknown = look("melting");
    expect(unknown.label).toBe("melting");
    for (const status of statuses) expect(look(status).label).not.toBe(status);
  });

  it("differ in word, and in icon or colour", () => {
    const looks = statuses.map(look);
    expect(new Set(looks.map(({ label }) => label)).size).toBe(statuses.length);
    const seen = looks.map(({ icon, chip }) => `${icon.displayName ?? ""} ${chip}`);
    expect(new Set(seen).size).toBe(statuses.length);
  });

  it("have colours for both themes", () => {
    for (const { chip } of statuses.map(look)) {
      expect(chip.split(" ").filter((name) => name.startsWith("dark:"))).toHaveLength(3);
    }
  });
});

it.each([workerLook, engineLook])("are not a warning for what is ready", (look) => {
  expect(look("ready").chip).not.toMatch(/yellow|amber|orange|red/);
});
