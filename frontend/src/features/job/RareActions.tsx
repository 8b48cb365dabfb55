/** Delete for a job that has ended; raise and lower for staff. Each asks first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronsDown, ChevronsUp, Ellipsis, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Job, JobDetail } from "@/api/domain";
import { keys } from "@/api/keys";
import { actRarely, type RareJobAction } from "@/api/operate";
import { useKeptNavigate, useTenant } from "@/app/tenant";
import { useMeContext } from "@/app/useMeContext";
import { formatCount } from "@/lib/format";
import { ACTIVE } from "@/live/intervals";
import { Button, IconButton } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";
import { Menu, MenuItem } from "@/ui/Menu";

type Asked = Exclude<RareJobAction, "force">;

const QUESTIONS: Record<Asked, (job: Job) => { title: string; description: string; confirmLabel: string; danger: boolean }> = {
  delete: (job) => ({
    title: `Delete ${job.name}?`,
    description: `The job, its ${formatCount(job.progress.total, "task")}, their logs, outputs and files are gone for good.`,
    confirmLabel: "Delete the job",
    danger: true,
  }),
  raise: (job) => ({
    title: `Raise ${job.name}?`,
    description: "Its tasks start before those of all tenants, whatever their share. What runs elsewhere goes on.",
    confirmLabel: "Raise the job",
    danger: false,
  }),
  lower: (job) => ({
    title: `Lower ${job.name}?`,
    description: "It goes back to its place among the jobs of its tenant.",
    confirmLabel: "Lower the job",
    danger: false,
  }),
};

function Ask({ job, action, onClose }: { job: JobDetail; action: Asked; onClose: () => void }) {
  const tenant = useTenant();
  const client = useQueryClient();
  const go = useKeptNavigate();
  const acting = useMutation({
    mutationFn: () => actRarely(job.id, action, { tenant }),
    onSuccess: async () => {
      onClose();
      if (action === "delete") go("/jobs");
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

function StaffMenu({ job, ask }: { job: JobDetail; ask: (action: Asked) => void }) {
  const trigger = (
    <IconButton label="More actions" className="border border-line-strong bg-surface">
      <Ellipsis aria-hidden />
    </IconButton>
  );
  return (
    <Menu trigger={trigger}>
      {job.raised ? (
        <MenuItem onSelect={() => ask("lower")}>
          <ChevronsDown aria-hidden /> Lower
        </MenuItem>
      ) : (
        <MenuItem onSelect={() => ask("raise")}>
          <ChevronsUp aria-hidden /> Raise before all tenants
        </MenuItem>
      )}
    </Menu>
  );
}

export default function RareActions({ job }: { job: JobDetail }) {
  const { isStaff } = useMeContext();
  const [asked, setAsked] = useState<Asked | null>(null);
  const active = ACTIVE.has(job.status);
  return (
    <>
      {!active && (
        <Button tone="warning" onClick={() => setAsked("delete")}>
          <Trash2 aria-hidden /> Delete
        </Button>
      )}
      {isStaff && (active || job.raised) && <StaffMenu job={job} ask={setAsked} />}
      {asked && <Ask job={job} action={asked} onClose={() => setAsked(null)} />}
    </>
  );
}
