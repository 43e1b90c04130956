/* An extension that answers questions about the current page. To try it, copy the package next to this file
 * (cp -r node_modules/quern quern), then use "Load unpacked" in chrome://extensions. */
import { loadModel } from './quern/index.js';

const SOURCE = { repo: 'bartowski/Llama-3.2-1B-Instruct-GGUF', file: 'Llama-3.2-1B-Instruct-Q4_K_M.gguf' };
const answer = document.getElementById('answer');
let model;

async function pageText() {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  const [{ result }] = await chrome.scripting.executeScript({
    target: { tabId: tab.id },
    func: () => document.body.innerText,
  });
  return result.slice(0, 8000);
}

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const text = await pageText();
    model ??= await loadModel(SOURCE, {
      contextSize: 4096,
      onProgress: ({ loaded, total }) => {
        answer.textContent = `Loading the model: ${Math.round((100 * loaded) / total)}%`;
      },
    });
    answer.textContent = '';
    const stream = await model.chat.completions.create({
      messages: [
        {
          role: 'user',
          content: `${text}\n\n${document.getElementById('question').value} Answer in one or two sentences.`,
        },
      ],
      stream: true,
      temperature: 0,
      max_tokens: 160,
    });
    for await (const chunk of stream) answer.append(chunk.choices[0]?.delta?.content ?? '');
  } catch (error) {
    answer.textContent = error.message;
  }
});
