/* The classes of web/engine/ have the types that engine.d.ts declares. Checked with web/tsconfig.json, never run. */

import type { Engine } from '../../../web/engine/engine.js';
import type { QuernError } from '../../../web/engine/error.js';
import type { Model, StreamDecoder } from '../../../web/engine/model.js';
import type { Prompt } from '../../../web/engine/prompt.js';
import type { Session } from '../../../web/engine/session.js';
import type * as declared from '../../../web/engine.js';

export const instances = {
  engine: (value: Engine): declared.Engine => value,
  error: (value: QuernError): Omit<declared.QuernError, 'name'> => value,
  model: (value: Model): declared.Model => value,
  prompt: (value: Prompt): declared.Prompt => value,
  session: (value: Session): declared.Session => value,
  streamDecoder: (value: StreamDecoder): declared.StreamDecoder => value,
  start: (value: typeof Engine.start): typeof declared.Engine.start => value,
};
