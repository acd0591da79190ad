(function(){
var links=[].slice.call(document.querySelectorAll("nav a")),heads=links.map(function(a){return document.getElementById(a.hash.slice(1))});
function mark(){var here=0;heads.forEach(function(h,k){if(h&&h.getBoundingClientRect().top<120)here=k});links.forEach(function(a,k){a.classList.toggle("here",k===here)})}
if(links.length){mark();addEventListener("scroll",mark,{passive:true})}
addEventListener("beforeprint",function(){[].forEach.call(document.querySelectorAll("main details:not(.code)"),function(d){d.open=true})});
})();
