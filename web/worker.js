/* The dedicated worker in which a page's engine lives. */
import { serve } from './host.js';

serve(self);
