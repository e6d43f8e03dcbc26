#include "web/render/page_scripts.h"

#include <fmt/format.h>

namespace seine::web {

const char* const kLazyHook = R"js((() => {
const views = IntersectionObserver.prototype, observe = views.observe;
const tell = document.dispatchEvent.bind(document), Told = Event;
views.observe = function(target) {
  if (!/^(IMG|PICTURE|VIDEO)$/.test(target && target.tagName)) tell(new Told('seine-lazy'));
  return observe.call(this, target);
};
})();)js";

// seineChanged is when the tree changed last; the others are the settling script's between runs.
const char* const kWatchScript = R"js(
globalThis.seineChanged = performance.now();
globalThis.seineLazy = false;
globalThis.seineSeen = globalThis.seineLooks = globalThis.seineScreens = 0;
globalThis.seineSettled = () => {};
document.addEventListener('seine-lazy', () => { globalThis.seineLazy = true; });
new MutationObserver((changes) => {
  globalThis.seineChanged = performance.now();
  globalThis.seineSettled(changes);
}).observe(document, {subtree: true, childList: true, characterData: true});
)js";

namespace {

// - Content that loads by scrolling: a script that listens to scrolling is served by the bottom
//   alone, since all else is above it then. One that asks what comes into view is shown each
//   screen for a frame. What grows by it is looked at in turn, LOOKS times: a feed may have no end.
//   The page is waited for at its bottom, where that costs nothing, and read at its top.
// - An idle period is as long as nothing is due, 50 ms at most: a whole one proves that no timer
//   and no frame comes meanwhile, which need then not be waited for.
// - While a page with scripts shows next to nothing, such as "Loading…", it is waited for longer: a
//   script may write it by a clock of its own.
// - What is folded is opened, and what still fades in is shown: a reader would wait for it.
constexpr const char* kSettle = R"js((quiet, sinceRequest, most) => new Promise((done) => {
const LOOKS = 6, SCREENS = 60, GLANCE = 20, FRAMES = 40, IDLE = 50, BARE = 1000;
const now = () => performance.now();
seineChanged = Math.max(seineChanged, now() - sinceRequest);
for (const one of document.querySelectorAll('details:not([open])')) one.open = true;

let over = false, walking = false, answered = false, top = false;
let scrolled = null, scrolledAt = -Infinity, timer = 0, idle = 0;
const scroller = () => {  // the page, or a box in it that holds more
  let most = document.scrollingElement || document.documentElement;
  const beyond = (one) => one.scrollHeight - one.clientHeight;
  let at = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  for (; at && at !== most; at = at.parentElement) {
    const scrolls = beyond(at) > beyond(most) && /auto|scroll/.test(getComputedStyle(at).overflowY);
    if (scrolls) most = at;
  }
  return most;
};
const go = (to) => scrolled.scrollTo({top: to, behavior: 'instant'});
const frame = () => new Promise((next) => {
  const late = setTimeout(next, 100);
  requestAnimationFrame(() => { clearTimeout(late); next(); });
});
const look = async () => {
  const lazy = seineLazy || document.querySelector('iframe[loading=lazy]');
  if (top || seineLooks >= LOOKS || !(lazy || document.scripts.length)) return false;
  const at = scroller(), from = seineSeen, bottom = at.scrollHeight;
  if (bottom <= Math.max(from, at.clientHeight)) return false;
  ++seineLooks;
  seineSeen = bottom;
  scrolled = at;
  scrolledAt = now();
  go(bottom);
  if (!lazy) return true;
  walking = true;
  for (let to = from; to < bottom && seineScreens < SCREENS && !over; ++seineScreens) {
    await frame();
    go(to);
    to += Math.max(at.clientHeight, 200);
  }
  await frame();
  if (!over) go(bottom);
  scrolledAt = now();
  walking = false;
  return true;
};
const end = (rested) => {
  if (over) return;
  over = true;
  if (scrolled) go(0);
  for (const one of document.getAnimations()) { try { one.finish(); } catch {} }
  done(rested);
};
// Once it has rested for so long, and has had some frames where it was scrolled to.
const after = (least, then) => {
  clearTimeout(timer);
  const left = Math.max(seineChanged + least, scrolledAt + FRAMES) - now();
  timer = setTimeout(then, Math.max(0, left));
};
const bare = () => document.scripts.length > 0 && !!document.body &&
    document.body.innerText.trim().length < 40;
const rested = () => {
  cancelIdleCallback(idle);
  if (answered) {  // its top may have gone meanwhile
    answered = false;
    top = true;
    go(0);
    seineChanged = now();
    return rest();
  }
  if (!bare()) return end(true);
  after(BARE, () => end(true));
};
const nearly = () => {
  const proof = (time) => {
    if (now() + time.timeRemaining() >= seineChanged + quiet - 5) return rested();
    idle = requestIdleCallback(proof);
  };
  idle = requestIdleCallback(proof);
  after(quiet + 5, rested);
};
const rest = () => {
  const on = () => after(quiet - IDLE, nearly);
  cancelIdleCallback(idle);
  after(GLANCE, () => look().then((more) => more ? rest() : on(), on));
};
globalThis.seineSettled = (changes) => {
  answered ||= scrolled && !top && changes.some((change) => change.removedNodes.length);
  if (!walking) rest();
};
setTimeout(() => end(false), most);
rest();
}))js";

}  // namespace

std::string settle_script(std::chrono::milliseconds quiet, std::chrono::milliseconds since_request,
                          std::chrono::milliseconds most) {
  return fmt::format("if (globalThis.seineChanged === undefined) {{{}}}\n({})({}, {}, {})",
                     kWatchScript, kSettle, quiet.count(), since_request.count(), most.count());
}

}  // namespace seine::web
