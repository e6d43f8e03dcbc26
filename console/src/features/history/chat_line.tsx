// One conversation in the list, with all that may be done to it.
import { type FormEvent, useState } from "react";
import { type ChatSummary, exportAddress } from "../../api/chats.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import {
  ArchiveIcon,
  DotsIcon,
  DownloadIcon,
  FolderIcon,
  PencilIcon,
  PinIcon,
  ShareIcon,
  TrashIcon,
} from "../../components/icons.tsx";
import { Link } from "../../components/link.tsx";
import { Menu } from "../../components/menu.tsx";
import { ShareDialog } from "../../components/share_dialog.tsx";
import { useText } from "../../i18n/index.ts";
import { chatPath, navigate } from "../../lib/router.ts";
import { archive, change, remove } from "./actions.ts";

export function ChatLine(props: {
  chat: ChatSummary;
  folders: readonly string[];
  current: boolean;
  /** Whether the list answers a search: then each line shows where it was found. */
  searched: boolean;
  onFollow: () => void;
}) {
  const { t } = useText();
  const { chat, current } = props;
  const [asking, setAsking] = useState<"title" | "folder" | null>(null);
  const [sharing, setSharing] = useState(false);
  const title = chat.title || t("history.untitled");
  const leave = () => current && navigate("/");
  return (
    <li className="chat-line group" data-current={current || undefined}>
      <Link
        to={chatPath(chat.id)}
        current={current}
        title={title}
        onFollow={props.onFollow}
        className="block min-w-0 flex-1 py-1.5 pl-2"
      >
        <span className="block truncate text-sm">{title}</span>
        {props.searched && chat.snippet !== "" && (
          <span className="line-clamp-2 text-2xs text-ink-faint">{plainSnippet(chat.snippet)}</span>
        )}
      </Link>
      <span className="chat-line-menu">
        <Menu
          label={t("history.menu", { title })}
          align="end"
          items={[
            { label: t("history.rename"), icon: <PencilIcon />, onChoose: () => setAsking("title") },
            {
              label: chat.pinned ? t("history.unpin") : t("history.pin"),
              icon: <PinIcon />,
              onChoose: () => void change(chat.id, { pinned: !chat.pinned }),
            },
            { label: t("history.move"), icon: <FolderIcon />, onChoose: () => setAsking("folder") },
            { label: t("share.action"), icon: <ShareIcon />, onChoose: () => setSharing(true) },
            { label: t("history.export.md"), icon: <DownloadIcon />, href: exportAddress(chat.id, "md") },
            { label: t("history.export.json"), icon: <DownloadIcon />, href: exportAddress(chat.id, "json") },
            {
              label: chat.archived ? t("history.unarchive") : t("history.archive"),
              icon: <ArchiveIcon />,
              onChoose: () => {
                leave();
                void archive(
                  [chat],
                  !chat.archived,
                  chat.archived ? t("history.unarchived", { title }) : t("history.archived", { title }),
                );
              },
            },
            {
              label: t("history.delete"),
              icon: <TrashIcon />,
              danger: true,
              onChoose: () => {
                leave();
                void remove([chat], t("history.deleted", { title }));
              },
            },
          ]}
        >
          <DotsIcon />
        </Menu>
      </span>
      {sharing && <ShareDialog chatId={chat.id} onClose={() => setSharing(false)} />}
      {asking && (
        <AskWord
          label={asking === "title" ? t("history.rename") : t("history.move")}
          hint={asking === "title" ? t("history.rename.hint") : t("history.move.hint")}
          value={asking === "title" ? chat.title : chat.folder}
          choices={asking === "folder" ? props.folders : []}
          mayBeEmpty={asking === "folder"}
          onClose={() => setAsking(null)}
          onDone={(word) => void change(chat.id, { [asking]: word })}
        />
      )}
    </li>
  );
}

/** A search's snippet may mark the words it found; here they are plain. */
function plainSnippet(snippet: string): string {
  return snippet.replace(/<\/?(?:b|em|mark)>/g, "");
}

function AskWord(props: {
  label: string;
  hint: string;
  value: string;
  choices: readonly string[];
  mayBeEmpty: boolean;
  onClose: () => void;
  onDone: (word: string) => void;
}) {
  const { t } = useText();
  const [word, setWord] = useState(props.value);
  const done = (event: FormEvent) => {
    event.preventDefault();
    if (word.trim() === "" && !props.mayBeEmpty) return;
    props.onDone(word.trim());
    props.onClose();
  };
  return (
    <Dialog label={props.label} onClose={props.onClose}>
      <form onSubmit={done} className="space-y-4 p-5">
        <label className="block">
          <span className="mb-1 block text-sm text-ink-soft">{props.hint}</span>
          <input
            className="text-field w-full"
            value={word}
            maxLength={200}
            list={props.choices.length > 0 ? "folders" : undefined}
            onChange={(event) => setWord(event.target.value)}
          />
        </label>
        {props.choices.length > 0 && (
          <datalist id="folders">
            {props.choices.map((choice) => (
              <option key={choice} value={choice} />
            ))}
          </datalist>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>{t("action.cancel")}</Button>
          <Button kind="loud" type="submit" disabled={word.trim() === "" && !props.mayBeEmpty}>
            {t("action.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
