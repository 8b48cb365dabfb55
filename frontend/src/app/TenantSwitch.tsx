import { Check, ChevronsUpDown } from "lucide-react";
import type { Me } from "@/api/domain";
import { useTenants } from "@/api/queries";
import { useTenant } from "@/app/tenant";
import { cx } from "@/lib/cx";
import { useUrl } from "@/lib/url";
import { Menu, MenuItemMark, MenuLine, MenuRadioGroup, MenuRadioItem } from "@/ui/Menu";

const ALL = "";

function Option({ slug, name }: { slug: string; name: string }) {
  return (
    <MenuRadioItem value={slug}>
      <span className="flex w-4 justify-center">
        <MenuItemMark>
          <Check aria-hidden />
        </MenuItemMark>
      </span>
      <span className="truncate">{name}</span>
      {slug && <span className="ml-auto pl-4 font-mono text-xs text-muted">{slug}</span>}
    </MenuRadioItem>
  );
}

export function TenantSwitch({ me }: { me: Me }) {
  const tenant = useTenant();
  const tenants = useTenants(me.isStaff).data ?? [];
  const [, change] = useUrl();
  if (!me.isStaff) return <span className="px-2 text-sm font-medium">{me.tenant}</span>;
  const name = tenants.find(({ slug }) => slug === tenant)?.name ?? tenant;
  const trigger = (
    <button
      type="button"
      aria-label={`Tenant: ${name ?? "all"}`}
      className={cx(
        "flex h-8 items-center gap-1.5 rounded-sm px-2 text-sm font-medium hover:bg-hover",
        tenant && "text-accent",
      )}
    >
      {name ?? "All tenants"}
      <ChevronsUpDown className="size-3.5 text-muted" aria-hidden />
    </button>
  );
  return (
    <Menu trigger={trigger} align="start" className="min-w-60">
      <MenuRadioGroup
        value={tenant ?? ALL}
        onValueChange={(slug) => change({ tenant: slug || null, offset: null }, true)}
      >
        <Option slug={ALL} name="All tenants" />
        {tenants.length > 0 && <MenuLine />}
        {tenants.map(({ slug, name: title }) => (
          <Option key={slug} slug={slug} name={title} />
        ))}
      </MenuRadioGroup>
    </Menu>
  );
}
