// What the documentation can do with JavaScript: copy code, and remember the language of the snippets.

const REMEMBERED = 'minbil-docs-language';
const SAID_FOR_MS = 1600;
const announcer = document.getElementById('announcer');

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function remember(language) {
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // A browser that keeps nothing shows the first language again next time.
  }
}

function choose(language) {
  for (const input of document.querySelectorAll('.tabs input')) {
    if (input.value === language) input.checked = true;
  }
}

/** Chooses a language everywhere, and keeps the place that the reader looks at where it is. */
function chooseFrom(input) {
  const before = input.getBoundingClientRect().top;
  choose(input.value);
  remember(input.value);
  window.scrollBy({ top: input.getBoundingClientRect().top - before, behavior: 'instant' });
}

async function copy(button, code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
    announcer.textContent = 'The code is copied.';
  } catch {
    // Without the right to the clipboard, the code is at least selected.
    getSelection().selectAllChildren(code);
    button.textContent = 'Selected';
    announcer.textContent = 'The code is selected; copy it with the keyboard.';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
    announcer.textContent = '';
  }, SAID_FOR_MS);
}

for (const block of document.querySelectorAll('.code')) {
  const code = block.querySelector('code');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', () => void copy(button, code));
  block.append(button);
}

const language = remembered();
if (language !== null) choose(language);
document.addEventListener('change', (event) => {
  if (event.target.matches('.tabs input')) chooseFrom(event.target);
});
