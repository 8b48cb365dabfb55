/** The pages that exist, as the sidebar, the palette and the shortcuts list them. */
import { Cpu, LayoutDashboard, MemoryStick, Radio, Rows3, Server, type LucideIcon } from "lucide-react";

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
  { title: "Realtime", path: "/realtime", icon: Radio, shortcut: "r", section: "Pool" },
  { title: "Workers", path: "/workers", icon: Server, shortcut: "w", section: "Pool" },
  { title: "GPUs", path: "/gpus", icon: MemoryStick, shortcut: "g", section: "Pool" },
  { title: "Engines", path: "/engines", icon: Cpu, shortcut: "e", section: "Pool" },
];
