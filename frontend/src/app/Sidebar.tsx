import { ExternalLink, PanelLeftClose, PanelLeftOpen, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { boot } from "@/app/boot";
import { PAGES, type Page } from "@/app/pages";
import { KeptLink, KeptNavLink } from "@/app/tenant";
import { cx } from "@/lib/cx";
import { IconButton } from "@/ui/Button";
import { Mark } from "@/ui/Mark";

const STORAGE = "yardmaster.sidebar";
const ITEM =
  "flex h-8 items-center gap-2.5 rounded-sm px-2.5 text-sm transition-colors [&_svg]:size-4 [&_svg]:shrink-0";
const IDLE = "text-body hover:bg-hover hover:text-ink [&_svg]:text-muted";

interface PartProps {
  narrow: boolean;
}

function PageLink({ page, narrow }: PartProps & { page: Page }) {
  const Icon = page.icon;
  return (
    <KeptNavLink
      to={page.path}
      end={page.path === "/"}
      title={narrow ? page.title : undefined}
      className={({ isActive }) =>
        cx(ITEM, isActive ? "bg-gray-200/70 font-medium text-ink dark:bg-gray-800" : IDLE)
      }
    >
      <Icon aria-hidden />
      <span className={narrow ? "sr-only" : undefined}>{page.title}</span>
    </KeptNavLink>
  );
}

function SectionTitle({ children, narrow }: PartProps & { children: string }) {
  if (narrow) return <div className="mx-2 my-2 h-px bg-line" />;
  return <p className="px-2.5 pt-4 pb-1 text-xs text-muted">{children}</p>;
}

function AdminLink({ narrow }: PartProps) {
  return (
    <>
      <SectionTitle narrow={narrow}>Manage</SectionTitle>
      <a href="/admin/" className={cx(ITEM, IDLE)} title={narrow ? "Admin" : undefined}>
        <ShieldCheck aria-hidden />
        <span className={narrow ? "sr-only" : undefined}>Admin</span>
        {!narrow && <ExternalLink className="ml-auto !size-3" aria-hidden />}
      </a>
    </>
  );
}

export function Sidebar({ staff }: { staff: boolean }) {
  const [narrow, setNarrow] = useState(() => localStorage.getItem(STORAGE) === "narrow");
  const toggle = () => {
    localStorage.setItem(STORAGE, narrow ? "wide" : "narrow");
    setNarrow(!narrow);
  };
  return (
    <nav
      aria-label="Pages"
      className={cx("flex shrink-0 flex-col border-r border-line bg-page", narrow ? "w-14" : "w-[220px]")}
    >
      <KeptLink to="/" className="flex h-12 items-center gap-2.5 px-4" aria-label="Yardmaster, dashboard">
        <Mark className="size-5 shrink-0" />
        {!narrow && <span className="text-base font-semibold tracking-[-0.01em]">Yardmaster</span>}
      </KeptLink>
      <div className="flex flex-1 flex-col gap-0.5 overflow-y-auto px-2 pb-2">
        {(["Work", "Pool"] as const).map((section) => (
          <div key={section} className="flex flex-col gap-0.5">
            <SectionTitle narrow={narrow}>{section}</SectionTitle>
            {PAGES.filter((page) => page.section === section).map((page) => (
              <PageLink key={page.path} page={page} narrow={narrow} />
            ))}
          </div>
        ))}
        {staff && <AdminLink narrow={narrow} />}
      </div>
      <div className={cx("flex items-center border-t border-line p-2", narrow && "justify-center")}>
        {!narrow && <span className="px-2.5 font-mono text-xs text-muted">{boot().version}</span>}
        <IconButton
          label={narrow ? "Widen the sidebar" : "Narrow the sidebar"}
          className={narrow ? undefined : "ml-auto"}
          onClick={toggle}
        >
          {narrow ? <PanelLeftOpen /> : <PanelLeftClose />}
        </IconButton>
      </div>
    </nav>
  );
}
