/* Put the package beside this file first: cp -r node_modules/quern quern. Then chrome://extensions, "Load unpacked". */
import { loadModel } from './quern/index.js';

const answer = document.getElementById('answer');
const given = new URLSearchParams(location.search);
const source = given.get('model') ?? { repo: 'bartowski/Llama-3.2-1B-Instruct-GGUF', file: 'Llama-3.2-1B-Instruct-Q4_K_M.gguf' };

/* The words of the tab that the popup was opened over (for a test, of the one that ?tab= names). */
async function words() {
  const id = given.has('tab') ? Number(given.get('tab')) : (await chrome.tabs.query({ active: true, currentWindow: true }))[0].id;
  const [{ result }] = await chrome.scripting.executeScript({ target: { tabId: id }, func: () => document.body.innerText });
  return result.slice(0, 8000);
}

let model;
document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const text = await words();
    model ??= await loadModel(source, {
      contextSize: 4096, onProgress: ({ loaded, total }) => { answer.textContent = `The model is being loaded: ${Math.round(100 * loaded / total)} %`; },
    });
    answer.textContent = '';
    const stream = await model.chat.completions.create({
      messages: [{ role: 'user', content: `${text}\n\n${document.getElementById('question').value} Answer in one or two sentences.` }],
      stream: true, temperature: 0, max_tokens: 160,
    });
    for await (const chunk of stream) answer.append(chunk.choices[0]?.delta?.content ?? '');
  } catch (error) {
    answer.textContent = error.message;
  }
});
