import { Search } from "lucide-react";
import { useEffect } from "react";
import { useLocation } from "react-router";
import type { Me } from "@/api/domain";
import { useDetailTitle } from "@/app/crumbs";
import { LivePill } from "@/app/LivePill";
import { PAGES } from "@/app/pages";
import { KeptLink, useTenant } from "@/app/tenant";
import { TenantSwitch } from "@/app/TenantSwitch";
import { ThemeToggle, UserMenu } from "@/app/UserMenu";
import { cx } from "@/lib/cx";
import { Kbd } from "@/ui/Field";

const Slash = () => (
  <span className="text-line-strong select-none" aria-hidden>
    /
  </span>
);

function useCrumbs() {
  const { pathname } = useLocation();
  const detail = useDetailTitle();
  const page = PAGES.find(({ path }) =>
    path === "/" ? pathname === "/" : pathname === path || pathname.startsWith(`${path}/`),
  );
  const title = [detail, page?.title, "Yardmaster"].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
  return { page, detail };
}

function Crumbs() {
  const { page, detail } = useCrumbs();
  if (!page) return null;
  return (
    <nav aria-label="Breadcrumbs" className="flex min-w-0 items-center gap-2 text-sm">
      <Slash />
      <KeptLink to={page.path} className={cx("rounded-sm", detail ? "text-muted hover:text-ink" : "font-medium")}>
        {page.title}
      </KeptLink>
      {detail && (
        <>
          <Slash />
          <span className="truncate font-medium">{detail}</span>
        </>
      )}
    </nav>
  );
}

interface HeaderProps {
  me: Me;
  onPalette: () => void;
  onHelp: () => void;
}

export function Header({ me, onPalette, onHelp }: HeaderProps) {
  const tenant = useTenant();
  return (
    <header
      className={cx(
        "flex h-12 shrink-0 items-center gap-2 border-b pr-3 pl-4",
        tenant ? "border-blue-200 bg-accent-soft dark:border-blue-900" : "border-line bg-page",
      )}
    >
      <TenantSwitch me={me} />
      <Crumbs />
      <div className="ml-auto flex items-center gap-1.5">
        <LivePill />
        <button
          type="button"
          onClick={onPalette}
          className="flex h-7 items-center gap-2 rounded-sm border border-line bg-surface pr-1 pl-2.5 text-xs text-muted hover:text-ink"
        >
          <Search className="size-3.5" aria-hidden />
          <span className="max-lg:sr-only">Search or jump to</span>
          <Kbd>⌘K</Kbd>
        </button>
        <ThemeToggle />
        <UserMenu me={me} onHelp={onHelp} />
      </div>
    </header>
  );
}
