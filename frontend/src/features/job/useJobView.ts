/** What is shown of a job, in the URL: tab, open task, filters of the list. */
import { useParams } from "react-router";
import type { TaskStatus } from "@/api/domain";
import { useUrl } from "@/lib/url";

export const TABS = ["graph", "timeline", "logs", "list", "events"] as const;
export type Tab = (typeof TABS)[number];

const isTab = (value: string | null): value is Tab => (TABS as readonly (string | null)[]).includes(value);

export interface ListFilter {
  status?: TaskStatus;
  stage?: string;
  engine?: string;
}

export function useJobView(taskCount: number | undefined) {
  const { id = "" } = useParams();
  const [search, change] = useUrl();
  const asked = search.get("tab");
  // A job of one task opens on its log.
  const home: Tab = taskCount === 1 ? "logs" : "graph";
  return {
    id,
    tab: isTab(asked) ? asked : home,
    taskId: search.get("task"),
    showTab: (tab: Tab) => change({ tab }),
    openTask: (taskId: string | null) => change({ task: taskId }),
    openList: ({ status, stage, engine }: ListFilter) =>
      change({ tab: "list", status: status ?? null, stage: stage ?? null, engine: engine ?? null }, true),
  };
}

export type JobView = ReturnType<typeof useJobView>;
