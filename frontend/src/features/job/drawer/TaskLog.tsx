import { useTaskLogs } from "@/api/streams";
import type { AttemptRef } from "@/api/endpoints";
import { LogPanel } from "@/features/job/logs/LogPanel";

interface Props {
  attempt: AttemptRef;
  /** It is the task's newest. */
  current: boolean;
  active: boolean;
}

/** The log of one attempt. */
export function TaskLog({ attempt, current, active }: Props) {
  return <LogPanel log={useTaskLogs(attempt, current)} named={false} active={active} />;
}
