/* quern/worker: the script of the dedicated worker in which a page's engine runs. */
import { serve } from './worker/serve.js';

serve(self);
