/** The tenant in view: `?tenant=` in the URL, carried by every link. */
import type { ComponentProps } from "react";
import { Link, NavLink, useNavigate, useSearchParams } from "react-router";

export function useTenant(): string | null {
  const [search] = useSearchParams();
  return search.get("tenant");
}

export function withTenant(path: string, tenant: string | null): string {
  if (!tenant) return path;
  return `${path}${path.includes("?") ? "&" : "?"}tenant=${encodeURIComponent(tenant)}`;
}

type KeptLinkProps = Omit<ComponentProps<typeof Link>, "to"> & { to: string };

export function KeptLink({ to, ...rest }: KeptLinkProps) {
  return <Link to={withTenant(to, useTenant())} {...rest} />;
}

type KeptNavLinkProps = Omit<ComponentProps<typeof NavLink>, "to"> & { to: string };

export function KeptNavLink({ to, ...rest }: KeptNavLinkProps) {
  return <NavLink to={withTenant(to, useTenant())} {...rest} />;
}

export function useKeptNavigate(): (path: string) => void {
  const navigate = useNavigate();
  const tenant = useTenant();
  return (path) => void navigate(withTenant(path, tenant));
}
