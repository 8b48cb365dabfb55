import { useTaskLogs } from "@/api/streams";
import type { AttemptRef } from "@/api/endpoints";
import { LogPanel } from "@/features/job/logs/LogPanel";

/** The log of one attempt. */
export function TaskLog({ attempt, active }: { attempt: AttemptRef; active: boolean }) {
  return <LogPanel log={useTaskLogs(attempt)} named={false} active={active} />;
}
