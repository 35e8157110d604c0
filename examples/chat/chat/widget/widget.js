// <script src="https://HOST/widget.js" defer></script>; data-title names it, data-open opens it with the page.
// A CSP has to allow HOST as script-, style- and connect-src. One function: no name in it is the page's.
(() => {
'use strict';
const tag = document.currentScript;
const HOST = new URL('.', tag.src).href;
const TITLE = tag.dataset.title || 'Ask a question';
const HINT = 'Enter sends, Shift + Enter starts a line';
const LIMIT = 4000;
const TRIES = 6;
const SILENCE_MS = 45000; // the heartbeat comes more often

// Text stays text: without innerHTML, nothing that people or documents say becomes markup.
function el(name, properties, ...children) {
	const node = Object.assign(document.createElement(name), properties);
	node.append(...children);
	return node;
}
const unseen = (text) => el('span', { className: 'unseen' }, text);

const more = el('button', { className: 'quiet', hidden: true });
const list = el('ol', { role: 'list' });
const log = el('div', { className: 'log', role: 'region', ariaLabel: 'Messages', tabIndex: 0 }, more, list);
log.append(el('p', {}, 'Answers come from our documents, and name them.'));
const live = el('div', { className: 'unseen', role: 'log' });
const input = el('textarea', { id: 'question' });
input.setAttribute('aria-describedby', 'hint');
const hint = el('p', { id: 'hint' }, HINT);
const send = el('button', {}, 'Ask');
const form = el('form', {}, el('label', { htmlFor: 'question' }, 'Your question'), input, hint, send);
const leave = el('button', { className: 'leave', ariaLabel: 'Close' }, '×');
const header = el('header', { role: 'none' }, el('h2', {}, TITLE), leave);
const dialog = el('dialog', { ariaLabel: TITLE }, header, log, live, form);
const launcher = el('button', { className: 'launcher' }, TITLE);
const chat = el('pgwright-chat', { role: 'region', ariaLabel: TITLE, hidden: true }); // until it has its styles
const show = () => (chat.hidden = false);
const styles = el('link', { rel: 'stylesheet', href: `${HOST}widget.css`, onload: show, onerror: show });
chat.attachShadow({ mode: 'open' }).append(styles, launcher, dialog);
document.body.append(chat);

let store = {};
try {
	store = sessionStorage;
} catch {} // where a page forbids storage, the conversation ends with it
const state = JSON.parse(store[HOST] ?? '{}'); // session and conversation
const remember = (changes) => (store[HOST] = JSON.stringify(Object.assign(state, changes)));

// Added, not replaced: a screen reader may be at the one before.
const announce = (text) => text.trim() && live.append(el('p', {}, text));
// Who reads further up is left there.
function following(change) {
	const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
	change();
	if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function source({ title, url, passage }) {
	const dir = 'auto';
	const details = el('details', {}, el('summary', { dir }, title || 'Source'), el('blockquote', { dir }, passage || ''));
	const { protocol, href, host } = URL.parse(url) ?? {};
	const link = { href, target: '_blank', rel: 'noopener' };
	if (/^https?:$/.test(protocol)) details.append(el('a', link, host, unseen(' (opens a new tab)')));
	return el('li', {}, details);
}

function cite(item, citations) {
	if (citations?.length) item.append(el('ol', { className: 'sources', ariaLabel: 'Sources' }, ...citations.map(source)));
}

function message({ role, text, citations }) {
	const said = el('div', { className: 'text', dir: 'auto' }, text);
	const item = el('li', { className: role }, unseen(role === 'user' ? 'You: ' : 'Answer: '), said);
	cite(item, citations);
	return item;
}

// History: a page when the chat opens, the one before it at its head.

let cursor, loading;
const authorization = () => ({ Authorization: `Bearer ${state.session}` });

async function loadPage() {
	more.textContent = 'Loading…';
	try {
		const query = new URLSearchParams({ conversation: state.conversation });
		if (cursor) query.set('cursor', cursor);
		const signal = AbortSignal.timeout(20000);
		const response = await fetch(`${HOST}history?${query}`, { headers: authorization(), signal });
		more.hidden = true;
		if ([401, 403, 404].includes(response.status)) return remember({ session: null, conversation: null });
		const page = await response.json();
		const items = page.items.reverse().map(message);
		const below = cursor ? log.scrollHeight - log.scrollTop : 0;
		if (cursor) announce(`${items.length} earlier messages`);
		else list.replaceChildren();
		list.prepend(...items);
		cursor = page.next;
		more.textContent = 'Earlier messages';
		more.hidden = !cursor;
		log.scrollTop = log.scrollHeight - below;
	} catch {
		log.onscroll = null; // only the button asks from here on
		more.hidden = false;
		more.textContent = 'Not loaded. Try again';
	}
}
const load = () => (loading ??= loadPage().finally(() => (loading = null)));
more.onclick = () => {
	log.focus(); // the button may go
	if (!send.disabled) load();
};
log.onscroll = () => log.scrollTop < 80 && cursor && load();

// Asking: Ask is disabled while an answer is under way, or the server has no time.

let controller; // of the try under way
const segmenter = new Intl.Segmenter([], { granularity: 'sentence' });
// A blob's address ends in a UUID, on insecure pages too; there is no randomUUID() there.
const uuid = () => URL.createObjectURL(new Blob()).slice(-36);
const post = (path, headers, body) =>
	fetch(HOST + path, { method: 'POST', headers, body, signal: controller.signal });

async function refusal(response) {
	const busy = { 429: 'Too many questions at once', 503: 'Too much to do at the moment' }[response.status];
	const wait = busy && Number(response.headers.get('Retry-After'));
	const body = await response.json().catch(() => {});
	return wait ? { why: busy, wait } : { why: body?.detail?.trim?.() || `error ${response.status}` };
}

// Returns nothing once the answer is whole, or a refusal; rejects where the connection broke.
async function attempt(asked, key, take) {
	const isNew = !state.session;
	if (isNew) {
		const made = await post('session');
		if (!made.ok) return refusal(made);
		// The old session's conversation is not the new one's.
		asked.conversation = null;
		remember({ session: (await made.json()).session, conversation: null });
	}
	const headers = { ...authorization(), 'Idempotency-Key': key, 'Content-Type': 'application/json' };
	const response = await post('ask', headers, JSON.stringify(asked));
	if (response.status === 401) {
		remember({ session: null });
		if (!isNew) return attempt(asked, key, take);
	}
	if (!response.ok) return refusal(response);

	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	for (let rest = ''; ; ) {
		const { done, value } = await reader.read();
		if (done) throw Error();
		const events = (rest + value).split(/\r?\n\r?\n/);
		rest = events.pop();
		for (const lines of events) {
			const event = /^event: ?(\w+)/m.exec(lines)?.[1];
			const data = event && JSON.parse(/^data: ?([^\r\n]*)/m.exec(lines)[1]);
			if (event === 'error') return { why: data.detail, isKeySpent: true };
			take(event, data);
			if (event === 'done') return void reader.cancel();
		}
	}
}

// Until time is over or the network is back. Offline, time alone would waste a try.
function pause(ms) {
	return new Promise((resolve) => {
		addEventListener('online', resolve, { once: true });
		if (navigator.onLine) setTimeout(resolve, ms);
	});
}

async function ask(asked, item, key) {
	const said = item.querySelector('.text');
	const note = el('p', { className: 'note' });
	let refused, citations, timer;
	let spoken = 0;
	const tell = (text) => {
		if (note.textContent !== text) announce(text);
		following(() => item.append(Object.assign(note, { textContent: text })));
	};
	send.disabled = true;
	live.replaceChildren();
	tell('Looking for an answer…');
	for (let tries = 1; tries <= TRIES; tries++) {
		let text = '';
		controller = new AbortController();
		const take = (event, data) => {
			clearTimeout(timer);
			timer = setTimeout(() => controller.abort(), SILENCE_MS);
			if (event === 'start') remember({ conversation: data.conversation });
			if (event === 'citations') citations = data;
			if (event === 'text') text += data.text;
			const isWhole = event === 'done';
			// After a loss the answer starts again; what is there stays until there is more.
			if (isWhole || text.length > said.textContent.length) {
				note.remove();
				following(() => (said.textContent = text));
			}
			// Whole sentences are read out, each once.
			const sentences = Array.from(segmenter.segment(text.slice(spoken)), ({ segment }) => segment);
			if (!isWhole) sentences.pop();
			const whole = sentences.join('');
			spoken += whole.length;
			announce(whole);
		};
		try {
			take();
			refused = await attempt(asked, key, take);
			break;
		} catch {
			refused = { why: 'the connection is lost' };
			tell(navigator.onLine ? 'Connection lost, trying again…' : 'Offline. This goes on when you are back.');
			if (tries < TRIES) await pause(Math.min(15000, 500 * 2 ** tries) * (0.5 + Math.random() / 2));
		} finally {
			clearTimeout(timer);
		}
	}
	send.disabled = false;
	if (!refused) {
		following(() => cite(item, citations));
		return announce(`Sources: ${citations?.length ?? 0}`);
	}

	const { why, wait, isKeySpent } = refused;
	const until = Date.now() + wait * 1000;
	const again = el('button', { className: 'quiet' }, 'Try again');
	again.onclick = () => {
		if (send.disabled) return;
		note.remove();
		again.remove();
		input.focus();
		// A key that ended in an error brings that error again.
		ask(asked, item, isKeySpent ? uuid() : key);
	};
	const words = (left) => 
		wait ? `${why}. You can ask again ${left > 0 ? `in ${left} s` : 'now'}.` : `That did not work: ${why}`;
	tell(words(wait));
	following(() => item.append(again));
	const tick = () => {
		const left = Math.ceil((until - Date.now()) / 1000);
		note.textContent = words(left);
		send.disabled = again.disabled = left > 0;
		if (left > 0) setTimeout(tick, 1000);
		else announce(note.textContent);
	};
	if (wait) tick();
}

async function submit(question) {
	send.disabled = true;
	input.value = '';
	await loading;
	const answer = message({ role: 'assistant', text: '' });
	list.append(message({ role: 'user', text: question }), answer);
	log.scrollTop = log.scrollHeight;
	ask({ question, conversation: state.conversation }, answer, uuid());
}

function check() {
	const length = [...input.value.trim()].length;
	const isLong = length > LIMIT;
	input.ariaInvalid = isLong;
	hint.textContent = isLong ? `Too long: ${length.toLocaleString('en')} characters. The limit is 4,000.` : HINT;
	return length && !isLong;
}
input.oninput = check;
input.onkeydown = (event) => {
	if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) form.onsubmit(event);
};
form.onsubmit = (event) => {
	event.preventDefault();
	input.focus();
	if (!check()) announce(hint.textContent);
	else if (!send.disabled) submit(input.value.trim());
};

const narrow = matchMedia('(max-width: 30em)');
function begin() {
	launcher.hidden = true;
	if (state.conversation && !list.childElementCount) load();
}
launcher.onclick = () => {
	dialog[narrow.matches ? 'showModal' : 'show'](); // modal where it hides the page
	input.focus();
	begin();
};
leave.onclick = () => dialog.close();
dialog.onclose = () => {
	launcher.hidden = false;
	launcher.focus();
};
dialog.onkeydown = (event) => {
	event.stopPropagation(); // the page's own shortcuts are not meant
	if (event.key === 'Escape' && !event.isComposing) dialog.close();
};
// With the page it opens without taking the focus, and never over all of it.
if ('open' in tag.dataset && !narrow.matches) {
	dialog.open = true;
	begin();
}

})();
