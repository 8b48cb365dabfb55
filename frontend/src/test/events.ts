/** Events as the wire brings them. */
import type { components } from "@/api/schema";

type Wire = components["schemas"];

export const AT = "2026-11-22T12:00:09.000000Z";

export const wireEvent = (seq: number, changes: Wire["Event"]["changes"] = {}): Wire["Event"] => ({
  seq,
  at: AT,
  type: "tasks.changed",
  actor: "system",
  changes,
});
