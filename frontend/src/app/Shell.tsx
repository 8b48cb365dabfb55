/** Sidebar, header, and the page between them. */
import { lazy, Suspense, useState } from "react";
import { Outlet } from "react-router";
import type { Me } from "@/api/domain";
import { isStatus } from "@/api/errors";
import { useMe } from "@/api/queries";
import { Header } from "@/app/Header";
import { PAGES } from "@/app/pages";
import { useShortcutListener, useShortcuts } from "@/app/shortcuts";
import { Sidebar } from "@/app/Sidebar";
import { useKeptNavigate } from "@/app/tenant";
import { usePaletteKey } from "@/app/usePaletteKey";
import { connection } from "@/live/connection";
import { useSocket } from "@/live/useSocket";
import { ErrorState } from "@/ui/States";

const Palette = lazy(() => import("@/app/Palette"));
const HelpDialog = lazy(() => import("@/app/HelpDialog").then((m) => ({ default: m.HelpDialog })));

function focusFilter(): void {
  document.querySelector<HTMLInputElement>("[data-filter]")?.focus();
}

type Open = "palette" | "help" | null;

function useShellShortcuts(setOpen: (open: Open) => void): void {
  const go = useKeptNavigate();
  useShortcutListener();
  usePaletteKey(() => setOpen("palette"));
  useShortcuts({
    ...Object.fromEntries(PAGES.map(({ shortcut, path }) => [`g ${shortcut}`, () => go(path)])),
    "/": focusFilter,
    ".": () => connection.toggleFreeze(),
    "?": () => setOpen("help"),
  });
}

function Frame({ me }: { me: Me }) {
  const [open, setOpen] = useState<Open>(null);
  useShellShortcuts(setOpen);
  useSocket();
  const close = () => setOpen(null);
  return (
    <div className="flex h-full">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-sm focus:bg-surface focus:px-3 focus:py-1.5"
      >
        Skip to content
      </a>
      <Sidebar staff={me.isStaff} />
      <div className="flex min-w-0 flex-1 flex-col">
        <Header me={me} onPalette={() => setOpen("palette")} onHelp={() => setOpen("help")} />
        <main id="main" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto outline-none">
          <Outlet context={me} />
        </main>
      </div>
      <Suspense>
        {open === "palette" && <Palette me={me} onClose={close} />}
        {open === "help" && <HelpDialog open onClose={close} />}
      </Suspense>
    </div>
  );
}

export function Shell() {
  const me = useMe();
  if (me.data) return <Frame me={me.data} />;
  // An expired session is on its way to the login.
  if (!me.error || isStatus(me.error, 401)) return null;
  return (
    <main>
      <ErrorState what="your account" error={me.error} onRetry={() => void me.refetch()} />
    </main>
  );
}
