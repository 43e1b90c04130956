/* The dedicated worker in which a page's engine lives. */
import { serve } from './worker/host.js';

serve(self);
