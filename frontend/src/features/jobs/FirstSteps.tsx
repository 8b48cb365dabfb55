/** Empty, with the exact commands that change that. */
import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import type { ReactNode } from "react";
import { submitJob } from "@/api/endpoints";
import { usePipelines, useTenants } from "@/api/queries";
import { useTenant } from "@/app/tenant";
import { useMeContext } from "@/app/useMeContext";
import { jobPath } from "@/features/jobs/JobTable";
import { submitTourCurl } from "@/lib/curl";
import { useNavigate } from "react-router";
import { Button } from "@/ui/Button";
import { Command } from "@/ui/Command";

const TOUR = "tour";

/** Starts the built-in tour in the tenant in view, else in the first. Null where that cannot be. */
function useTour() {
  const me = useMeContext();
  const inView = useTenant();
  const navigate = useNavigate();
  const tenants = useTenants(me.isStaff).data ?? [];
  const pipelines = usePipelines().data ?? [];
  const tenant = inView ?? tenants.find(({ active }) => active)?.slug ?? null;
  const running = useMutation({
    mutationFn: () => submitJob({ name: "first tour", pipeline: TOUR }, { tenant }),
    onSuccess: (job) => navigate(`${jobPath(job.id)}${inView ? `?tenant=${inView}` : ""}`),
  });
  const possible = me.isStaff && tenant !== null && pipelines.some(({ name }) => name === TOUR);
  return possible ? { tenant, running } : null;
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <span className="flex size-5 shrink-0 items-center justify-center rounded-full border border-line-strong text-2xs font-medium text-muted">
        {number}
      </span>
      <div className="flex min-w-0 flex-1 flex-col gap-2 text-left">
        <h3 className="text-sm font-medium">{title}</h3>
        {children}
      </div>
    </li>
  );
}

export function FirstSteps() {
  const tour = useTour();
  return (
    <div className="mx-auto flex max-w-2xl flex-col gap-5 px-6 py-12">
      <div className="text-center">
        <h2 className="text-lg font-semibold tracking-[-0.01em]">No jobs yet</h2>
        <p className="mt-1 text-sm text-muted">
          Jobs appear here the moment a tenant submits one. Three commands make the first.
        </p>
      </div>
      <ol className="flex flex-col gap-4">
        <Step number={1} title="Create a tenant">
          <Command text=".venv/bin/python manage.py create_tenant acme" />
        </Step>
        <Step number={2} title="Issue a key, shown once">
          <Command text="KEY=$(.venv/bin/python manage.py issue_key acme --scopes jobs:read,jobs:write)" />
        </Step>
        <Step number={3} title="Submit the tour">
          <Command text={submitTourCurl()} />
          {tour && (
            <div className="flex items-center gap-3">
              <Button tone="primary" disabled={tour.running.isPending} onClick={() => tour.running.mutate()}>
                <Play aria-hidden /> Run the tour
              </Button>
              <span className="text-sm text-muted">from here, as tenant {tour.tenant}</span>
            </div>
          )}
          {tour?.running.error && (
            <p role="alert" className="text-sm text-danger">
              {tour.running.error.message}
            </p>
          )}
        </Step>
      </ol>
    </div>
  );
}
