/** Workers by machine, and what goes on while they drain. */
import type { Worker } from "@/api/poolDomain";
import { formatCount } from "@/lib/format";

/** Machines by name; on each who is there before who is gone, by name. */
export function byNode(workers: Worker[]): [string, Worker[]][] {
  const isGone = ({ status }: Worker) => Number(status === "offline");
  const ordered = workers.toSorted((a, b) => isGone(a) - isGone(b) || a.name.localeCompare(b.name));
  const nodes = new Map<string, Worker[]>();
  for (const worker of ordered) nodes.set(worker.node, [...(nodes.get(worker.node) ?? []), worker]);
  return [...nodes].toSorted(([a], [b]) => a.localeCompare(b));
}

export function handsWords(workers: Worker[]): string {
  const hands = (kind: Worker["kind"]) =>
    workers.filter((worker) => worker.kind === kind).reduce((sum, worker) => sum + worker.inHand, 0);
  const held = [formatCount(hands("batch"), "task"), formatCount(hands("realtime"), "session")];
  const said = held.filter((words) => !words.startsWith("0 "));
  return said.length === 0 ? "Nothing is in hand." : `What it has goes on: ${said.join(", ")}.`;
}
