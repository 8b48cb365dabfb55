/** What a task waited for, or did: label and colour of each reason, in this one place. */

interface Look {
  label: string;
  bar: string;
}

const LOOKS: Record<string, Look> = {
  dependencies: { label: "Waiting for other tasks", bar: "bg-gray-300 dark:bg-gray-600" },
  instances: { label: "Waiting for its instances", bar: "bg-sky-300 dark:bg-sky-700" },
  no_card_free: { label: "No card with room", bar: "bg-amber-300 dark:bg-amber-700" },
  in_line: { label: "Waiting for its turn", bar: "bg-yellow-300 dark:bg-yellow-700" },
  slots_taken: { label: "Waiting for a free slot", bar: "bg-yellow-500" },
  tenant_quota: { label: "Quota of running tasks reached", bar: "bg-amber-700" },
  no_worker: { label: "No worker", bar: "bg-red-500" },
  draining: { label: "All workers draining", bar: "bg-orange-500" },
  engine_paused: { label: "Engine paused", bar: "bg-violet-400" },
  tenant_paused: { label: "Tenant paused", bar: "bg-violet-700 dark:bg-violet-600" },
  retry_wait: { label: "Waiting for its retry", bar: "bg-pink-400 dark:bg-pink-600" },
  running: { label: "Running", bar: "bg-blue-500" },
  ended: { label: "Ended, until the job was retried", bar: "bg-gray-200 dark:bg-gray-700" },
};

export const lookOf = (reason: string): Look =>
  LOOKS[reason] ?? { label: reason.replaceAll("_", " "), bar: "bg-gray-400" };

const EXPECTED: Record<string, string> = { retry_wait: "Next try", silent_worker: "Lease expires" };

/** What is expected at the time that the server estimates. */
export const expectedOf = (reason: string): string => EXPECTED[reason] ?? "Expected to start";
