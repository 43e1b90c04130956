/* A calendar of one week, in the page only, and the tools that change it. */
import { h } from '../dom.js';

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const EVENTS = [
  { day: 'Tuesday', start: '09:30', title: 'Team meeting' },
  { day: 'Thursday', start: '18:00', title: 'Swimming' },
];
const day = { enum: DAYS };
const title = { type: 'string', minLength: 1, maxLength: 40 };
const start = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' };
const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const isSame = (a, b) => a.toLowerCase() === b.toLowerCase();

export function makeWeek() {
  const element = h('ol', { class: 'week', 'aria-label': 'Calendar of this week' });
  let events = [];
  let added;

  function draw() {
    const event = (each) =>
      h('li', { class: each === added ? 'event added' : 'event' }, h('time', {}, each.start), ' ', each.title);
    const column = (name) => {
      const own = events.filter((each) => each.day === name).sort((a, b) => a.start.localeCompare(b.start));
      const list = own.length > 0 ? h('ul', {}, ...own.map(event)) : h('p', { class: 'muted' }, 'Free');
      return h('li', {}, h('h3', {}, name), list);
    };
    element.replaceChildren(...DAYS.map(column));
  }

  function reset() {
    events = EVENTS.map((each) => ({ ...each }));
    added = undefined;
    draw();
  }

  const tools = {
    create_event: {
      description: 'Add an event to the calendar.',
      parameters: object({ day, start, title }),
      run(event) {
        const taken = events.find((each) => each.day === event.day && each.start === event.start);
        if (taken) throw new Error(`${event.day} at ${event.start} is taken by “${taken.title}”`);
        added = { ...event };
        events.push(added);
        draw();
        return { created: event.title };
      },
    },
    list_events: {
      description: 'List the events of a day.',
      parameters: object({ day }),
      run: (asked) =>
        events
          .filter((each) => each.day === asked.day)
          .map(({ start: at, title: what }) => ({ start: at, title: what })),
    },
    delete_event: {
      description: 'Delete an event of a day by its title.',
      parameters: object({ day, title }),
      run(asked) {
        const event = events.find((each) => each.day === asked.day && isSame(each.title, asked.title));
        if (!event) throw new Error(`there is no event “${asked.title}” on ${asked.day}`);
        events = events.filter((each) => each !== event);
        draw();
        return { deleted: event.title };
      },
    },
  };
  reset();
  return { element, tools, reset };
}
