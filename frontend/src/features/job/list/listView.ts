/** Filter and order of the task list, from the URL. */
import { TASK_STATUSES, type Task } from "@/api/domain";

export const SORTS = ["key", "stage", "engine", "status", "attempt", "wait", "duration", "started"] as const;
export type Sort = (typeof SORTS)[number];

export interface ListView {
  q: string;
  status: string;
  stage: string;
  engine: string;
  sort: Sort | null;
  descending: boolean;
}

const isSort = (value: string): value is Sort => (SORTS as readonly string[]).includes(value);

export function listViewOf(search: URLSearchParams): ListView {
  const sort = search.get("sort") ?? "";
  const name = sort.replace(/^-/, "");
  return {
    q: search.get("find") ?? "",
    status: search.get("status") ?? "",
    stage: search.get("stage") ?? "",
    engine: search.get("engine") ?? "",
    sort: isSort(name) ? name : null,
    descending: sort.startsWith("-"),
  };
}

const VALUE: Record<Sort, (task: Task) => string | number | null> = {
  key: (task) => task.key,
  stage: (task) => task.stage,
  engine: (task) => task.engineId,
  status: (task) => TASK_STATUSES.indexOf(task.status),
  attempt: (task) => task.attempt,
  wait: (task) => task.waitMs,
  duration: (task) => task.durationMs,
  started: (task) => task.startedAt,
};

function compare(a: string | number | null, b: string | number | null): number {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b, "en", { numeric: true });
  return Number(a) - Number(b);
}

/** Tasks that match, sorted; those without a value come last either way. */
export function listed(tasks: readonly Task[], view: ListView): Task[] {
  const q = view.q.toLowerCase();
  const found = tasks.filter(
    (task) =>
      (view.status === "" || task.status === view.status) &&
      (view.stage === "" || task.stage === view.stage) &&
      (view.engine === "" || task.engineId === view.engine) &&
      (q === "" || task.key.toLowerCase().includes(q) || task.id.startsWith(q)),
  );
  if (view.sort === null) return found;
  const value = VALUE[view.sort];
  const sign = view.descending ? -1 : 1;
  return found.sort((a, b) => {
    const left = value(a);
    const right = value(b);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * compare(left, right);
  });
}
