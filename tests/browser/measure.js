// What the eye would find wrong with a page, measured. Evaluated in a page; gives {overflows, overlaps}, lists of sentences.
(() => {
  const SLACK = 1.5 // px that rounding may take
  const ATOMS = "canvas, svg, img, input, select, textarea, button, progress, meter, .uplot"
  const scrolls = (style) => /auto|scroll/.test(style.overflowX + style.overflowY)

  const visible = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false
    const style = getComputedStyle(element)
    return style.clipPath === "none" && !(element.offsetWidth <= 1 && element.offsetHeight <= 1 && style.position === "absolute")
  }

  const named = (element) => {
    const name = element.tagName.toLowerCase() + (element.id ? `#${element.id}` : "") + [...element.classList].map((each) => `.${each}`).join("")
    const text = (element.innerText || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40)
    return text ? `${name} "${text}"` : name
  }

  // The part of a box that its scrolling or hiding ancestors let through.
  const clipped = (box, element) => {
    let { left, top, right, bottom } = box
    for (let above = element; above && above !== document.documentElement; above = above.parentElement) {
      if (getComputedStyle(above).overflowX === "visible" && getComputedStyle(above).overflowY === "visible") continue
      const edge = above.getBoundingClientRect()
      left = Math.max(left, edge.left); top = Math.max(top, edge.top)
      right = Math.min(right, edge.right); bottom = Math.min(bottom, edge.bottom)
    }
    return { left, top, right, bottom }
  }

  const textBoxes = (element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()).flatMap((node) => {
    const range = document.createRange()
    range.selectNodeContents(node)
    return [...range.getClientRects()]
  })

  const shown = [...document.body.querySelectorAll("*")].filter(visible)
  const outermost = (element) => element.parentElement?.closest(ATOMS)
  const things = shown.filter((element) => !outermost(element)).flatMap((element) => {
    const boxes = element.matches(ATOMS) ? [element.getBoundingClientRect()] : textBoxes(element)
    return boxes.map((box) => ({ element, box: clipped(box, element) }))
  }).filter(({ box }) => box.right - box.left > 1 && box.bottom - box.top > 1)

  // Layers that lie above others by intent: an open dialog, and what sticks to an edge of the window.
  const layer = (element) => {
    for (let above = element; above; above = above.parentElement) {
      if (above.matches("dialog[open]")) return above
      if (/fixed|sticky/.test(getComputedStyle(above).position)) return above
    }
    return null
  }

  const overlaps = []
  things.sort((one, other) => one.box.top - other.box.top)
  things.forEach((one, place) => {
    for (const other of things.slice(place + 1)) {
      if (other.box.top >= one.box.bottom - SLACK) break
      if (one.element === other.element || one.element.contains(other.element) || other.element.contains(one.element)) continue
      const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left)
      const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top)
      if (width <= SLACK || height <= 2 * SLACK || layer(one.element) !== layer(other.element)) continue
      if (one.element.closest("label")?.control === other.element || other.element.closest("label")?.control === one.element) continue
      overlaps.push(`${named(one.element)} and ${named(other.element)} overlap by ${Math.round(width)} x ${Math.round(height)} px`)
    }
  })

  const overflows = []
  const page = document.scrollingElement
  if (page.scrollWidth > page.clientWidth) overflows.push(`the page is ${page.scrollWidth} px wide in a window of ${page.clientWidth} px`)
  for (const element of shown) {
    const style = getComputedStyle(element)
    const box = clipped(element.getBoundingClientRect(), element.parentElement)
    if (box.right > page.clientWidth + SLACK && box.left < box.right) overflows.push(`${named(element)} ends ${Math.round(box.right - page.clientWidth)} px beyond the window`)
    if (element.matches("canvas, svg, input, textarea, select")) continue
    const more = element.scrollWidth - element.clientWidth
    if (more > SLACK && element.clientWidth && !scrolls(style) && textBoxes(element).some((text) => text.right > element.getBoundingClientRect().right + SLACK)) {
      overflows.push(`${named(element)} holds text that is ${more} px too wide for it`)
    }
  }
  return { overflows: [...new Set(overflows)], overlaps: [...new Set(overlaps)] }
})()
