// What this server is: addresses, directory, version, process.
import type { ReactNode } from "react";
import type { Status } from "../../api/status.ts";
import { Section } from "../../components/section.tsx";
import { useText } from "../../i18n/index.ts";

export function Facts({ status }: { status: Status }) {
  const { t, format } = useText();
  const started = new Date(status.started_at);
  return (
    <Section title={t("facts.title")}>
      <dl className="panel grid gap-px overflow-hidden bg-line! text-sm lg:grid-cols-2">
        <Fact name={t("facts.address")}>
          {status.listen.length === 0
            ? t("facts.address.none")
            : status.listen.map((address) => (
                <code key={address} className="block font-mono text-xs leading-6 break-all">
                  {address}
                </code>
              ))}
        </Fact>
        <Fact name={t("facts.data")}>
          <code className="font-mono text-xs leading-6 break-all">{status.data_dir}</code>
        </Fact>
        <Fact name={t("facts.data.size")}>{format.bytes(status.data_bytes)}</Fact>
        <Fact name={t("facts.version")}>{status.version}</Fact>
        <Fact name={t("facts.commit")}>
          <code className="font-mono text-xs leading-6 break-all">{status.commit}</code>
        </Fact>
        <Fact name={t("facts.started")}>
          <time dateTime={status.started_at}>
            {Number.isNaN(started.getTime()) ? status.started_at : format.dateTime(started)}
          </time>
        </Fact>
        <Fact name={t("facts.pid")}>{String(status.pid)}</Fact>
        <Fact name={t("facts.threads")}>{format.number(status.threads)}</Fact>
        <Fact name={t("facts.cpu")}>{format.seconds(status.cpu_s)}</Fact>
        <Fact name={t("facts.log")}>{status.log_level}</Fact>
      </dl>
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[8.5rem_1fr] gap-x-4 bg-surface px-4 py-2.5 sm:px-5">
      <dt className="text-ink-soft">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
