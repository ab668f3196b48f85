/** A picture of Observable Plot, as wide as there is room. Its numbers stand beside it in words, so readers of the page's text pass over it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Props {
  readonly of: (width: number) => Element;
  /** Changes where the picture does. */
  readonly when: string;
}

export const Picture = ({ of, when }: Props) => {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width > 0) place.current!.replaceChildren(of(width));
  }, [width, when]);
  return <div class="picture" ref={place} aria-hidden="true" />;
};
