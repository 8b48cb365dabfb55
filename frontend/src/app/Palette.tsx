/** The command palette: pages, jobs by name or id, tenants, theme. Loaded when first opened. */
import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { useState, type ReactNode } from "react";
import { ArrowRight, Building2, SunMoon } from "lucide-react";
import type { Job, Me } from "@/api/domain";
import { getJobs } from "@/api/endpoints";
import { keys } from "@/api/keys";
import { useTenants } from "@/api/queries";
import { PAGES } from "@/app/pages";
import { useKeptNavigate, useTenant } from "@/app/tenant";
import { setTheme, THEMES } from "@/app/theme";
import { useUrl } from "@/lib/url";
import { NO_FILTERS } from "@/features/jobs/filters";
import { shortId } from "@/lib/format";
import { Kbd } from "@/ui/Field";
import { StatusIcon } from "@/ui/StatusChip";

const FOUND_MAX = 8;
const GROUP =
  "px-1.5 py-1 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted";
const ITEM =
  "flex h-9 cursor-default items-center gap-2.5 rounded-sm px-2 text-sm data-[selected=true]:bg-sunken [&_svg]:size-4 [&_svg]:shrink-0";

function useFoundJobs(q: string): Job[] {
  const tenant = useTenant();
  const filters = { ...NO_FILTERS, q, limit: FOUND_MAX };
  const found = useQuery({
    queryKey: keys.jobs(tenant, filters),
    queryFn: ({ signal }) => getJobs(filters, { tenant, signal }),
    enabled: q.length >= 2,
  });
  return q.length >= 2 ? (found.data?.jobs ?? []) : [];
}

interface ItemProps {
  value: string;
  onSelect: () => void;
  children: ReactNode;
}

const Item = (props: ItemProps) => <Command.Item className={ITEM} {...props} />;

function JobItems({ jobs, onOpen }: { jobs: Job[]; onOpen: (job: Job) => void }) {
  if (jobs.length === 0) return null;
  return (
    <Command.Group heading="Jobs" className={GROUP} forceMount>
      {jobs.map((job) => (
        <Item key={job.id} value={`${job.name} ${job.id}`} onSelect={() => onOpen(job)}>
          <StatusIcon status={job.status} />
          <span className="truncate">{job.name}</span>
          <span className="ml-auto font-mono text-xs text-muted">{shortId(job.id)}</span>
        </Item>
      ))}
    </Command.Group>
  );
}

export default function Palette({ me, onClose }: { me: Me; onClose: () => void }) {
  const [q, setQ] = useState("");
  const go = useKeptNavigate();
  const [, change] = useUrl();
  const jobs = useFoundJobs(q.trim());
  const tenants = useTenants(me.isStaff).data ?? [];
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-gray-950/40 dark:bg-gray-950/70" />
        <Dialog.Content
          aria-describedby=""
          className="fixed top-[14vh] left-1/2 z-50 w-[min(600px,calc(100vw-32px))] -translate-x-1/2 overflow-hidden rounded-lg border border-line-strong bg-raised focus:outline-none"
        >
          <Dialog.Title className="sr-only">Search or jump to</Dialog.Title>
          <Command label="Search or jump to" loop>
            <div className="flex items-center gap-2 border-b border-line px-4">
              <Command.Input
                value={q}
                onValueChange={setQ}
                placeholder="Search jobs, pages, tenants…"
                className="h-12 flex-1 bg-transparent text-base outline-none placeholder:text-muted"
              />
              <Kbd>esc</Kbd>
            </div>
            <Command.List className="max-h-[50vh] overflow-y-auto py-1">
              <Command.Empty className="px-4 py-8 text-center text-sm text-muted">
                Nothing is called “{q}”.
              </Command.Empty>
              <JobItems jobs={jobs} onOpen={(job) => then(() => go(`/jobs/${job.id}`))()} />
              <Command.Group heading="Pages" className={GROUP}>
                {PAGES.map(({ title, path, icon: Icon, shortcut }) => (
                  <Item key={path} value={title} onSelect={then(() => go(path))}>
                    <Icon className="text-muted" aria-hidden />
                    {title}
                    <span className="ml-auto flex gap-1">
                      <Kbd>g</Kbd>
                      <Kbd>{shortcut}</Kbd>
                    </span>
                  </Item>
                ))}
              </Command.Group>
              {tenants.length > 0 && (
                <Command.Group heading="Tenant" className={GROUP}>
                  <Item value="all tenants" onSelect={then(() => change({ tenant: null }, true))}>
                    <ArrowRight className="text-muted" aria-hidden /> All tenants
                  </Item>
                  {tenants.map(({ slug, name }) => (
                    <Item key={slug} value={`tenant ${name} ${slug}`} onSelect={then(() => change({ tenant: slug }, true))}>
                      <Building2 className="text-muted" aria-hidden /> {name}
                    </Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading="Theme" className={GROUP}>
                {THEMES.map((theme) => (
                  <Item key={theme} value={`theme ${theme}`} onSelect={then(() => setTheme(theme))}>
                    <SunMoon className="text-muted" aria-hidden /> Theme: {theme}
                  </Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
