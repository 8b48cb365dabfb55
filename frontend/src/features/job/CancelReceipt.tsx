/** What came of a job's cancel, with force where a process will not confirm that it is gone. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleStop } from "lucide-react";
import { useState } from "react";
import type { JobDetail, JobReceipt } from "@/api/domain";
import { keys } from "@/api/keys";
import { actRarely } from "@/api/operate";
import { useTenant } from "@/app/tenant";
import { ReceiptSteps } from "@/features/job/ReceiptSteps";
import { formatCount } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";

function Force({ job, unconfirmed }: { job: JobDetail; unconfirmed: number }) {
  const [asked, setAsked] = useState(false);
  const tenant = useTenant();
  const client = useQueryClient();
  const forcing = useMutation({
    mutationFn: () => actRarely(job.id, "force", { tenant }),
    onSuccess: async () => {
      setAsked(false);
      await client.invalidateQueries({ queryKey: keys.job(tenant, job.id) });
    },
  });
  return (
    <>
      <Button tone="warning" onClick={() => setAsked(true)}>
        <CircleStop aria-hidden /> Force
      </Button>
      <ConfirmDialog
        open={asked}
        title={`Give up on ${formatCount(unconfirmed, "process", "processes")} of ${job.name}?`}
        description="The job ends as cancelled although nobody knows that they are gone: they may still run on their machine. What they report is refused."
        confirmLabel="End the job without proof"
        danger
        tenant={tenant}
        busy={forcing.isPending}
        error={forcing.error}
        onConfirm={() => forcing.mutate()}
        onClose={() => setAsked(false)}
      />
    </>
  );
}

export default function CancelReceipt({ job, receipt }: { job: JobDetail; receipt: JobReceipt }) {
  const { attempts, unconfirmed } = receipt;
  return (
    <section
      aria-label="Cancel"
      className="mx-6 mb-3 flex flex-wrap items-center gap-x-5 gap-y-2 rounded-md border border-line bg-surface px-4 py-2"
    >
      <h2 className="text-sm font-medium">Cancel</h2>
      {attempts > 0 ? (
        <ReceiptSteps receipt={receipt} />
      ) : (
        <p className="text-sm text-body">
          {receipt.requestedBy ? `Requested by ${receipt.requestedBy}; ` : ""}nothing was running, so nothing had to be stopped.
        </p>
      )}
      {attempts > 1 && <span className="text-sm text-muted">{formatCount(attempts, "process", "processes")}</span>}
      {unconfirmed > 0 && (
        <div className="ml-auto flex items-center gap-3">
          <span role="status" className="flex items-center gap-1.5 text-sm text-danger">
            <CircleAlert className="size-3.5" aria-hidden />
            {formatCount(unconfirmed, "process", "processes")} not confirmed after 30 s
          </span>
          {job.status === "cancelling" && <Force job={job} unconfirmed={unconfirmed} />}
        </div>
      )}
    </section>
  );
}
