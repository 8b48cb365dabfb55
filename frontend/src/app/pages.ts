/** The pages that exist, as the sidebar, the palette and the shortcuts list them. */
import { Cpu, LayoutDashboard, Rows3, type LucideIcon } from "lucide-react";

export interface Page {
  title: string;
  path: string;
  icon: LucideIcon;
  /** Second key after `g`. */
  shortcut: string;
  section: "Work" | "Pool";
}

export const PAGES: Page[] = [
  { title: "Dashboard", path: "/", icon: LayoutDashboard, shortcut: "d", section: "Work" },
  { title: "Jobs", path: "/jobs", icon: Rows3, shortcut: "j", section: "Work" },
  { title: "Engines", path: "/engines", icon: Cpu, shortcut: "e", section: "Pool" },
];
