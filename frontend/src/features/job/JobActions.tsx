/** Retry, cancel, run again, copy as curl: each asks first and says what will happen. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleStop, Copy, Play, RotateCcw } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router";
import type { Job, JobDetail } from "@/api/domain";
import { actOnJob, type JobAction } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useShortcuts } from "@/app/shortcuts";
import { useTenant, withTenant } from "@/app/tenant";
import { copyText } from "@/lib/clipboard";
import { jobCurl } from "@/lib/curl";
import { formatCount } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";

const RareActions = lazy(() => import("@/features/job/RareActions"));

interface Question {
  title: string;
  description: string;
  confirmLabel: string;
  danger: boolean;
}

function cancelWords({ progress }: Job): string {
  const waiting = progress.pending + progress.ready;
  return `${formatCount(progress.running, "running task")} will be stopped and ${formatCount(waiting, "waiting task")} will not start. What is completed stays.`;
}

function retryWords({ progress }: Job): string {
  const again = progress.failed + progress.skipped + progress.cancelled;
  return `Up to ${formatCount(again, "failed, skipped or cancelled task")} and what hangs on them will run again. ${formatCount(progress.completed, "completed output")} and optional failures stay.`;
}

const QUESTIONS: Record<JobAction, (job: Job) => Question> = {
  cancel: (job) => ({
    title: `Cancel ${job.name}?`,
    description: cancelWords(job),
    confirmLabel: "Cancel the job",
    danger: true,
  }),
  retry: (job) => ({
    title: `Retry ${job.name}?`,
    description: retryWords(job),
    confirmLabel: "Retry the job",
    danger: false,
  }),
  clone: (job) => ({
    title: `Run ${job.name} again?`,
    description: `A new job with the same ${formatCount(job.progress.total, "task")} and parameters starts for tenant ${job.tenant}. This one stays as it is.`,
    confirmLabel: "Run again",
    danger: false,
  }),
};

const mayCancel = ({ status }: Job): boolean => status === "pending" || status === "running";
const mayRetry = ({ status }: Job): boolean => status === "failed" || status === "cancelled";

interface AskProps {
  job: JobDetail;
  action: JobAction;
  onClose: () => void;
}

function Ask({ job, action, onClose }: AskProps) {
  const tenant = useTenant();
  const client = useQueryClient();
  const navigate = useNavigate();
  const acting = useMutation({
    mutationFn: () => actOnJob(job.id, action, { tenant }),
    onSuccess: async (answer) => {
      onClose();
      if (action === "clone") await navigate(withTenant(`/jobs/${answer.id}`, tenant));
      else await client.invalidateQueries({ queryKey: keys.job(tenant, job.id) });
      await client.invalidateQueries({ queryKey: keys.allJobs() });
    },
  });
  return (
    <ConfirmDialog
      open
      {...QUESTIONS[action](job)}
      tenant={tenant}
      busy={acting.isPending}
      error={acting.error}
      onConfirm={() => acting.mutate()}
      onClose={onClose}
    />
  );
}

function CurlButton({ job }: { job: JobDetail }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const label = copied === null ? "Copy as curl" : copied ? "Copied" : "No clipboard here";
  return (
    <Button
      onClick={() => void copyText(jobCurl(job)).then(setCopied)}
      onBlur={() => setCopied(null)}
      title={jobCurl(job)}
    >
      <Copy aria-hidden /> <span aria-live="polite">{label}</span>
    </Button>
  );
}

export function JobActions({ job }: { job: JobDetail }) {
  const [asked, setAsked] = useState<JobAction | null>(null);
  useShortcuts({
    ...(mayRetry(job) && { r: () => setAsked("retry") }),
    ...(mayCancel(job) && { c: () => setAsked("cancel") }),
  });
  return (
    <div className="flex items-center gap-2">
      <CurlButton job={job} />
      <Button onClick={() => setAsked("clone")}>
        <Play aria-hidden /> Run again
      </Button>
      {mayRetry(job) && (
        <Button tone="primary" onClick={() => setAsked("retry")}>
          <RotateCcw aria-hidden /> Retry
        </Button>
      )}
      {mayCancel(job) && (
        <Button tone="warning" onClick={() => setAsked("cancel")}>
          <CircleStop aria-hidden /> Cancel
        </Button>
      )}
      <Suspense>
        <RareActions job={job} />
      </Suspense>
      {asked && <Ask job={job} action={asked} onClose={() => setAsked(null)} />}
    </div>
  );
}
