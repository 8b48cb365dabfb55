import { describe, expect, it } from "vitest";
import { JOB_STATUSES, TASK_STATUSES } from "@/api/domain";
import { isStatusName, STATUS, type AnyStatus } from "@/ui/status";

/** ui.md, "Status": the classes in light, then what dark adds. */
const TABLE: Record<AnyStatus, [string, string]> = {
  pending: ["bg-gray-100 border-gray-300 text-gray-600", "bg-gray-800 border-gray-600 text-gray-300"],
  ready: ["bg-yellow-50 border-yellow-300 text-yellow-700", "bg-yellow-950 border-yellow-700 text-yellow-300"],
  running: [
    "bg-blue-50 border-blue-300 text-blue-700 animate-pulse",
    "bg-blue-950 border-blue-700 text-blue-300",
  ],
  completed: ["bg-green-50 border-green-300 text-green-700", "bg-green-950 border-green-800 text-green-300"],
  failed: ["bg-red-50 border-red-300 text-red-700", "bg-red-950 border-red-700 text-red-300"],
  skipped: ["bg-gray-50 border-gray-200 text-gray-400", "bg-gray-900 border-gray-700 text-gray-400"],
  cancelled: [
    "bg-orange-50 border-orange-300 text-orange-700",
    "bg-orange-950 border-orange-700 text-orange-300",
  ],
  cancelling: [
    "bg-orange-50 border-orange-300 text-orange-700 animate-pulse",
    "bg-orange-950 border-orange-700 text-orange-300",
  ],
};

describe("chips", () => {
  it.each(Object.entries(TABLE))("of %s have exactly the classes of the table", (status, [light, dark]) => {
    const wanted = [...light.split(" "), ...dark.split(" ").map((name) => `dark:${name}`)];
    expect(STATUS[status as AnyStatus].chip.split(" ").sort()).toEqual(wanted.sort());
  });

  it("exist for every status of jobs and tasks", () => {
    expect(Object.keys(STATUS).sort()).toEqual([...new Set([...JOB_STATUSES, ...TASK_STATUSES])].sort());
  });

  it("differ in icon as well as in colour", () => {
    const icons = TASK_STATUSES.map((status) => STATUS[status].icon);
    expect(new Set(icons).size).toBe(TASK_STATUSES.length);
  });
});

it("tells a status from other words", () => {
  expect([isStatusName("failed"), isStatusName("toString"), isStatusName(3)]).toEqual([true, false, false]);
});
