import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from "lucide-react";
import { useNavigate } from "react-router";
import type { Me } from "@/api/domain";
import { logout } from "@/api/endpoints";
import { setTheme, THEMES, useTheme, type Theme } from "@/app/theme";
import { IconButton } from "@/ui/Button";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/Menu";

const THEME_LOOK: Record<Theme, { icon: typeof Sun; label: string }> = {
  light: { icon: Sun, label: "Light" },
  dark: { icon: Moon, label: "Dark" },
  system: { icon: Monitor, label: "System" },
};

export function ThemeToggle() {
  const theme = useTheme();
  const { icon: Icon, label } = THEME_LOOK[theme];
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <IconButton
      label={`Theme: ${label}. Switch to ${THEME_LOOK[next].label}`}
      onClick={() => setTheme(next)}
    >
      <Icon aria-hidden />
    </IconButton>
  );
}

interface UserMenuProps {
  me: Me;
  onHelp: () => void;
}

export function UserMenu({ me, onHelp }: UserMenuProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: logout,
    onSuccess: async () => {
      await navigate("/login");
      client.clear();
    },
  });
  const trigger = (
    <IconButton label="Account">
      <UserRound aria-hidden />
    </IconButton>
  );
  return (
    <Menu trigger={trigger} className="min-w-52">
      <MenuLabel>
        <span className="block text-sm font-medium text-ink">{me.name || me.username}</span>
        {me.isStaff ? "Staff" : `Key of ${me.tenant ?? ""}`}
      </MenuLabel>
      <MenuLine />
      <MenuItem onSelect={onHelp}>
        <Keyboard aria-hidden /> Keyboard shortcuts
      </MenuItem>
      <MenuItem onSelect={() => leave.mutate()}>
        <LogOut aria-hidden /> Log out
      </MenuItem>
    </Menu>
  );
}
